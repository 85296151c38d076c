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
 * Web service function: create a role.
 *
 * @package    local_otbridge
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\external;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/../../compat.php');

use local_otbridge\local\external_function_parameters;
use local_otbridge\local\external_multiple_structure;
use local_otbridge\local\external_single_structure;
use local_otbridge\local\external_value;
use local_otbridge\operations;
use local_otbridge\roles;

/**
 * local_otbridge_create_role.
 */
final class create_role extends base {
    /**
     * Parameters.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        $names = static function (string $description): external_multiple_structure {
            return new external_multiple_structure(new external_value(PARAM_ALPHANUMEXT, 'Name'), $description, VALUE_DEFAULT, []);
        };
        return new external_function_parameters([
            'opkey' => self::opkey_description(),
            'shortname' => new external_value(PARAM_ALPHANUMEXT, 'Short name of the role'),
            'name' => new external_value(PARAM_TEXT, 'Name of the role'),
            'description' => new external_value(PARAM_CLEANHTML, 'Description', VALUE_DEFAULT, ''),
            'archetype' => new external_value(PARAM_ALPHANUMEXT, 'Archetype to start from, empty: none', VALUE_DEFAULT, ''),
            'contextlevels' => $names('Where it may be assigned: ' . implode(', ', array_keys(roles::CONTEXT_LEVELS))),
            'capabilities' => new external_multiple_structure(new external_single_structure([
                'name' => new external_value(PARAM_RAW, 'Capability'),
                'permission' => new external_value(PARAM_ALPHA, implode(', ', array_keys(roles::PERMISSIONS))),
            ]), 'On top of the archetype\'s', VALUE_DEFAULT, []),
            'allowassign' => $names('Short names of the roles that the new role may assign'),
            'allowoverride' => $names('Short names of the roles that the new role may override'),
            'allowswitch' => $names('Short names of the roles that the new role may switch to'),
            'allowview' => $names('Short names of the roles that the new role may view'),
        ]);
    }

    /**
     * Make the role at once.
     *
     * @param string $opkey
     * @param string $shortname
     * @param string $name
     * @param string $description
     * @param string $archetype
     * @param string[] $contextlevels
     * @param array[] $capabilities
     * @param string[] $allowassign
     * @param string[] $allowoverride
     * @param string[] $allowswitch
     * @param string[] $allowview
     * @return array the operation
     */
    public static function execute(
        $opkey,
        $shortname,
        $name,
        $description = '',
        $archetype = '',
        $contextlevels = [],
        $capabilities = [],
        $allowassign = [],
        $allowoverride = [],
        $allowswitch = [],
        $allowview = []
    ): array {
        $params = self::validate_parameters(self::execute_parameters(), [
            'opkey' => $opkey,
            'shortname' => $shortname,
            'name' => $name,
            'description' => $description,
            'archetype' => $archetype,
            'contextlevels' => $contextlevels,
            'capabilities' => $capabilities,
            'allowassign' => $allowassign,
            'allowoverride' => $allowoverride,
            'allowswitch' => $allowswitch,
            'allowview' => $allowview,
        ]);
        $key = self::opkey($params['opkey']);
        unset($params['opkey']);
        if ($params['shortname'] === '' || trim($params['name']) === '') {
            throw new \invalid_parameter_exception('shortname and name must not be empty');
        }
        foreach ($params['capabilities'] as $capability) {
            if (!isset(roles::PERMISSIONS[$capability['permission']])) {
                throw new \invalid_parameter_exception('permission must be one of ' . implode(', ', array_keys(roles::PERMISSIONS)));
            }
        }
        $context = \context_system::instance();
        self::validate_context($context);
        self::require_all($context, 'local/otbridge:managerole', 'moodle/role:manage');

        return operations::once($key, 'create_role', $params, static function () use ($params): array {
            $roleid = roles::create($params);
            return ['objectid' => $roleid, 'result' => roles::read($roleid)];
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
