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
 * Web service function local_otbridge_find_backups.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\external;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/../../externalcompat.php');


use core_external\external_function_parameters;
use core_external\external_multiple_structure;
use core_external\external_single_structure;
use core_external\external_value;
use invalid_parameter_exception;
use local_otbridge\backups;

/**
 * Finds backups of a course, also of one that no longer exists.
 */
class find_backups extends api {
    /**
     * Parameters.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters() {
        return new external_function_parameters([
            'courseid' => new external_value(PARAM_INT, 'Original id of the course', VALUE_DEFAULT, 0),
            'idnumber' => new external_value(PARAM_RAW, 'Exact', VALUE_DEFAULT, ''),
            'shortname' => new external_value(PARAM_RAW, 'Exact', VALUE_DEFAULT, ''),
            'fullname' => new external_value(PARAM_RAW, 'Exact', VALUE_DEFAULT, ''),
            'limit' => new external_value(PARAM_INT, 'How many at most', VALUE_DEFAULT, 50),
            'private' => new external_value(PARAM_BOOL, 'Whether files in users\' own areas count, too', VALUE_DEFAULT, false),
        ]);
    }

    /**
     * Search.
     *
     * @param int $courseid
     * @param string $idnumber
     * @param string $shortname
     * @param string $fullname
     * @param int $limit
     * @param bool $private
     * @return array
     */
    public static function execute($courseid = 0, $idnumber = '', $shortname = '', $fullname = '', $limit = 50, $private = false) {
        $params = self::validate_parameters(self::execute_parameters(), [
            'courseid' => $courseid, 'idnumber' => $idnumber, 'shortname' => $shortname, 'fullname' => $fullname, 'limit' => $limit,
            'private' => $private,
        ]);
        self::demand(['local/otbridge:restore', 'moodle/restore:restorecourse']);
        $criteria = array_filter(array_intersect_key($params, array_flip(backups::CRITERIA)), static function ($wanted) {
            return $wanted !== null && $wanted !== '' && $wanted !== 0;
        });
        if (!$criteria) {
            throw new invalid_parameter_exception('At least one of courseid, idnumber, shortname and fullname is needed');
        }
        if ($params['limit'] < 1) {
            throw new invalid_parameter_exception('limit must be at least 1');
        }
        \core_php_time_limit::raise(120);
        return backups::find($criteria, $params['limit'], (bool) $params['private']);
    }

    /**
     * Result.
     *
     * @return external_single_structure
     */
    public static function execute_returns() {
        return new external_single_structure([
            'backups' => new external_multiple_structure(new external_single_structure([
                'ref' => new external_value(PARAM_RAW, 'Reference for the step course.restore'),
                'source' => new external_value(PARAM_ALPHA, 'recyclebin, folder, filearea, private, wholesite'),
                'filename' => new external_value(PARAM_RAW, 'Name of the file'),
                'size' => new external_value(PARAM_INT, 'Bytes; 0 = it has yet to be taken out of a whole-site backup'),
                'timecreated' => new external_value(PARAM_INT, 'Moment of the backup, as it says itself, Unix seconds'),
                'courseid' => new external_value(PARAM_INT, 'Original id of the course'),
                'idnumber' => new external_value(PARAM_RAW, 'Of the course'),
                'shortname' => new external_value(PARAM_RAW, 'Of the course'),
                'fullname' => new external_value(PARAM_RAW, 'Of the course'),
                'users' => new external_value(PARAM_BOOL, 'Whether data of users are in it'),
                'categoryid' => new external_value(PARAM_INT, 'Category that the course was in, 0 = not known or gone'),
                'stored' => new external_value(PARAM_INT, 'When the file was stored, Unix seconds'),
                'siteurl' => new external_value(PARAM_RAW, 'Address of the site that made it'),
                'samesite' => new external_value(PARAM_BOOL, 'Whether this site made it'),
                'category' => new external_value(PARAM_RAW, 'Name of the category that the course was in'),
                'origin' => new external_value(PARAM_INT, 'The course that was lost first, where this one was restored; 0 = not known'),
                'alive' => new external_value(PARAM_INT, 'A course that it lives on as, 0 = none'),
            ])),
            'truncated' => new external_value(PARAM_BOOL, 'Whether there may be more'),
            'unread' => new external_value(PARAM_INT, 'Files that were not looked into yet: ask again'),
            'unreadable' => new external_multiple_structure(new external_single_structure([
                'source' => new external_value(PARAM_ALPHA, 'recyclebin, folder, filearea, private'),
                'filename' => new external_value(PARAM_RAW, 'Name of the file'),
                'reason' => new external_value(PARAM_RAW, 'Why it cannot be read'),
            ])),
            'lookalikes' => new external_multiple_structure(
                new external_value(PARAM_RAW, 'Name'),
                'Names that look like the one that was asked for, where none matched'
            ),
        ]);
    }
}
