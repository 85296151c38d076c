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
 * Web service function: find backups of a course.
 *
 * @package    local_otbridge
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\external;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/../../compat.php');

use local_otbridge\backup_store;
use local_otbridge\local\external_function_parameters;
use local_otbridge\local\external_multiple_structure;
use local_otbridge\local\external_single_structure;
use local_otbridge\local\external_value;

/**
 * local_otbridge_find_backups.
 */
final class find_backups extends base {
    /**
     * Parameters.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([
            'courseid' => new external_value(PARAM_INT, 'Original id of the course, 0 = any', VALUE_DEFAULT, 0),
            'idnumber' => new external_value(PARAM_RAW, 'Exact, empty = any', VALUE_DEFAULT, ''),
            'shortname' => new external_value(PARAM_RAW, 'Exact, empty = any', VALUE_DEFAULT, ''),
            'fullname' => new external_value(PARAM_RAW, 'Exact, empty = any', VALUE_DEFAULT, ''),
            'limit' => new external_value(PARAM_INT, 'How many at most', VALUE_DEFAULT, 50),
        ]);
    }

    /**
     * Search recycle bins, the automated-backup folder and stored backup areas.
     *
     * @param int $courseid
     * @param string $idnumber
     * @param string $shortname
     * @param string $fullname
     * @param int $limit
     * @return array
     */
    public static function execute($courseid = 0, $idnumber = '', $shortname = '', $fullname = '', $limit = 50): array {
        $params = self::validate_parameters(self::execute_parameters(), [
            'courseid' => $courseid,
            'idnumber' => $idnumber,
            'shortname' => $shortname,
            'fullname' => $fullname,
            'limit' => $limit,
        ]);
        $limit = $params['limit'];
        unset($params['limit']);
        $wanted = array_filter($params, static function ($value): bool {
            return $value !== '' && $value !== 0;
        });
        if (!$wanted) {
            throw new \invalid_parameter_exception('At least one of courseid, idnumber, shortname and fullname is needed');
        }
        if ($limit < 1) {
            throw new \invalid_parameter_exception('limit must be at least 1');
        }
        $context = \context_system::instance();
        self::validate_context($context);
        self::require_all($context, 'local/otbridge:restore', 'moodle/restore:restorecourse');
        return backup_store::find($wanted, $limit);
    }

    /**
     * Result.
     *
     * @return external_single_structure
     */
    public static function execute_returns(): external_single_structure {
        return new external_single_structure([
            'backups' => new external_multiple_structure(new external_single_structure([
                'ref' => new external_value(PARAM_RAW, 'Reference for local_otbridge_restore_course'),
                'source' => new external_value(PARAM_RAW, 'recyclebin, folder or filearea'),
                'filename' => new external_value(PARAM_RAW, 'File name'),
                'size' => new external_value(PARAM_INT, 'Bytes'),
                'timecreated' => new external_value(PARAM_INT, 'Moment of the backup, Unix seconds'),
                'courseid' => new external_value(PARAM_INT, 'Original id'),
                'idnumber' => new external_value(PARAM_RAW, 'ID number'),
                'shortname' => new external_value(PARAM_RAW, 'Short name'),
                'fullname' => new external_value(PARAM_RAW, 'Full name'),
                'users' => new external_value(PARAM_BOOL, 'Users\' data are in it'),
                'categoryid' => new external_value(PARAM_INT, 'Category of the course, 0 = not known'),
            ])),
            'truncated' => new external_value(PARAM_BOOL, 'There are more, or not all files could be opened in time'),
            'unreadable' => new external_multiple_structure(new external_single_structure([
                'source' => new external_value(PARAM_RAW, 'recyclebin, folder or filearea'),
                'filename' => new external_value(PARAM_RAW, 'File name'),
                'reason' => new external_value(PARAM_RAW, 'Why it cannot be read'),
            ])),
        ]);
    }
}
