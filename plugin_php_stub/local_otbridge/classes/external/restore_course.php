<?php
// This file is part of Moodle - http://moodle.org/
//
// Moodle is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// Moodle is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with Moodle.  If not, see <http://www.gnu.org/licenses/>.

/**
 * Web service function local_otbridge_restore_course.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\external;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/../../externalcompat.php');


use context_coursecat;
use core_external\external_function_parameters;
use core_external\external_single_structure;
use core_external\external_value;
use invalid_parameter_exception;
use local_otbridge\course_restorer;
use local_otbridge\operations;
use local_otbridge\task\restore_course as task;

/**
 * Records the order to restore a course; an ad hoc task does the work.
 */
class restore_course extends api {
    /**
     * Parameters.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters() {
        return new external_function_parameters([
            'opkey' => self::opkey(),
            'categoryid' => new external_value(PARAM_INT, 'Category of the new course', VALUE_REQUIRED, null, NULL_NOT_ALLOWED),
            'ref' => new external_value(PARAM_RAW, 'Reference from find_backups', VALUE_DEFAULT, ''),
            'draftitemid' => new external_value(PARAM_INT, 'Draft area that holds the backup file', VALUE_DEFAULT, 0),
            'fullname' => new external_value(PARAM_TEXT, 'Empty: as in the backup', VALUE_DEFAULT, ''),
            'shortname' => new external_value(PARAM_TEXT, 'Empty: as in the backup', VALUE_DEFAULT, ''),
            'users' => new external_value(PARAM_BOOL, 'Whether users and their data come along', VALUE_DEFAULT, true),
        ]);
    }

    /**
     * Check and queue, once.
     *
     * @param string $opkey
     * @param int $categoryid
     * @param string $ref
     * @param int $draftitemid
     * @param string $fullname
     * @param string $shortname
     * @param bool $users
     * @return array
     */
    public static function execute(
        $opkey,
        $categoryid,
        $ref = '',
        $draftitemid = 0,
        $fullname = '',
        $shortname = '',
        $users = true
    ) {
        global $DB, $USER;

        $params = self::validate_parameters(self::execute_parameters(), [
            'opkey' => $opkey, 'categoryid' => $categoryid, 'ref' => $ref, 'draftitemid' => $draftitemid,
            'fullname' => $fullname, 'shortname' => $shortname, 'users' => $users,
        ]);
        self::demand(['local/otbridge:restore']);
        $opkey = operations::key($params['opkey']);
        $order = [
            'categoryid' => $params['categoryid'],
            'ref' => (string) $params['ref'],
            'draftitemid' => (int) $params['draftitemid'],
            'fullname' => trim((string) $params['fullname']),
            'shortname' => trim((string) $params['shortname']),
            'users' => (bool) $params['users'],
        ];
        if (($order['ref'] === '') === ($order['draftitemid'] === 0)) {
            throw new invalid_parameter_exception('Exactly one of ref and draftitemid is needed');
        }
        return operations::once(
            'restore_course',
            $opkey,
            $order,
            static function () use ($DB, $USER, $order) {
                $DB->get_record('course_categories', ['id' => $order['categoryid']], 'id', MUST_EXIST);
                self::demand([], context_coursecat::instance($order['categoryid']), course_restorer::capabilities($order));
                course_restorer::check_shortname($order, $USER->id);
            },
            static function ($row) {
                task::queue($row->id);
            }
        );
    }

    /**
     * Result.
     *
     * @return external_single_structure
     */
    public static function execute_returns() {
        return self::operation();
    }
}
