<?php
// This file is part of Moodle - https://moodle.org/
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
// along with Moodle.  If not, see <https://www.gnu.org/licenses/>.

/**
 * Web service function: restore a course from a backup.
 *
 * @package    local_otbridge
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\external;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/../../compat.php');

use local_otbridge\backup_header;
use local_otbridge\backup_store;
use local_otbridge\local\external_function_parameters;
use local_otbridge\local\external_single_structure;
use local_otbridge\local\external_value;
use local_otbridge\operations;
use local_otbridge\task\restore_course as restore_task;

/**
 * local_otbridge_restore_course: validates and records; the work is a task's.
 */
final class restore_course extends base {
    /**
     * Parameters.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([
            'opkey' => self::opkey_description(),
            'ref' => new external_value(PARAM_RAW, 'Reference from local_otbridge_find_backups', VALUE_DEFAULT, ''),
            'draftitemid' => new external_value(PARAM_INT, 'Draft area that holds the backup file', VALUE_DEFAULT, 0),
            'categoryid' => new external_value(PARAM_INT, 'Category of the new course'),
            'fullname' => new external_value(PARAM_TEXT, 'Empty: as in the backup', VALUE_DEFAULT, ''),
            'shortname' => new external_value(PARAM_TEXT, 'Empty: as in the backup', VALUE_DEFAULT, ''),
            'users' => new external_value(PARAM_BOOL, 'Users and their data come along', VALUE_DEFAULT, true),
        ]);
    }

    /**
     * Queue the restore.
     *
     * @param string $opkey
     * @param string $ref
     * @param int $draftitemid
     * @param int $categoryid
     * @param string $fullname
     * @param string $shortname
     * @param bool $users
     * @return array the operation
     */
    public static function execute($opkey, $ref, $draftitemid, $categoryid, $fullname = '', $shortname = '', $users = true): array {
        $params = self::validate_parameters(self::execute_parameters(), [
            'opkey' => $opkey,
            'ref' => $ref,
            'draftitemid' => $draftitemid,
            'categoryid' => $categoryid,
            'fullname' => $fullname,
            'shortname' => $shortname,
            'users' => $users,
        ]);
        $key = self::opkey($params['opkey']);
        unset($params['opkey']);
        $params['users'] = (bool) $params['users'];
        if (($params['ref'] === '') === ($params['draftitemid'] === 0)) {
            throw new \invalid_parameter_exception('Exactly one of ref and draftitemid is needed');
        }
        $system = \context_system::instance();
        self::validate_context($system);
        self::require_all($system, 'local/otbridge:restore');
        $category = \context_coursecat::instance($params['categoryid'], IGNORE_MISSING);
        self::require_all($category ?: $system, ...restore_task::capabilities($params['users']));

        return operations::once($key, 'restore_course', $params, static function () use ($key, $params) {
            global $DB, $USER;
            $DB->get_record('course_categories', ['id' => $params['categoryid']], 'id', MUST_EXIST);
            restore_task::refuse_taken_shortname(self::future_shortname($params, (int) $USER->id));
            restore_task::queue($key, (int) $USER->id);
            return null;
        });
    }

    /**
     * The short name that the course would come back under; empty when the backup cannot be read, which the task will tell.
     *
     * @param array $params
     * @param int $userid
     * @return string
     */
    private static function future_shortname(array $params, int $userid): string {
        if ($params['shortname'] !== '') {
            return $params['shortname'];
        }
        $file = backup_store::resolve($params['ref'], $params['draftitemid'], $userid);
        return $file ? backup_header::of($file)->shortname : '';
    }

    /**
     * Result.
     *
     * @return external_single_structure
     */
    public static function execute_returns(): external_single_structure {
        return self::operation_description();
    }
}
