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
 * Web service function local_otbridge_delete_role.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\external;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/../../externalcompat.php');


use core_external\external_function_parameters;
use core_external\external_single_structure;
use core_external\external_value;
use local_otbridge\operations;
use local_otbridge\role_maker;

/**
 * Deletes one of the plugin's own roles at once.
 */
class delete_role extends api {
    /**
     * Parameters.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters() {
        return new external_function_parameters([
            'opkey' => self::opkey(),
            'roleid' => new external_value(PARAM_INT, 'The role', VALUE_REQUIRED, null, NULL_NOT_ALLOWED),
        ]);
    }

    /**
     * Delete the role, once.
     *
     * @param string $opkey
     * @param int $roleid
     * @return array
     */
    public static function execute($opkey, $roleid) {
        $params = self::validate_parameters(self::execute_parameters(), ['opkey' => $opkey, 'roleid' => $roleid]);
        self::demand(['local/otbridge:managerole', 'moodle/role:manage']);
        $opkey = operations::key($params['opkey']);
        $roleid = $params['roleid'];
        return operations::once(
            'delete_role',
            $opkey,
            ['roleid' => $roleid],
            static function () use ($roleid) {
                role_maker::check_deletable($roleid);
            },
            static function ($row) use ($roleid) {
                operations::update($row, ['roleid' => $roleid]);
                operations::done($row, ['roleid' => $roleid, 'shortname' => role_maker::delete($roleid)]);
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
