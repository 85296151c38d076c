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
 * Web service function: delete a role that this plugin made.
 *
 * @package    local_otbridge
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\external;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/../../compat.php');

use local_otbridge\local\external_function_parameters;
use local_otbridge\local\external_single_structure;
use local_otbridge\local\external_value;
use local_otbridge\operations;
use local_otbridge\roles;

/**
 * local_otbridge_delete_role.
 */
final class delete_role extends base {
    /**
     * Parameters.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([
            'opkey' => self::opkey_description(),
            'roleid' => new external_value(PARAM_INT, 'The role'),
        ]);
    }

    /**
     * Delete the role at once.
     *
     * @param string $opkey
     * @param int $roleid
     * @return array the operation
     */
    public static function execute($opkey, $roleid): array {
        $params = self::validate_parameters(self::execute_parameters(), ['opkey' => $opkey, 'roleid' => $roleid]);
        $key = self::opkey($params['opkey']);
        $context = \context_system::instance();
        self::validate_context($context);
        self::require_all($context, 'local/otbridge:managerole', 'moodle/role:manage');

        $id = $params['roleid'];
        return operations::once($key, 'delete_role', ['roleid' => $id], static function () use ($id): array {
            return ['objectid' => $id, 'result' => roles::delete($id)];
        });
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
