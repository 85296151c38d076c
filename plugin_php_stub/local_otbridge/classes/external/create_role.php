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
 * Web service function local_otbridge_create_role.
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
use local_otbridge\operations;
use local_otbridge\role_maker;

/**
 * Creates a role at once.
 */
class create_role extends api {
    /**
     * Parameters.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters() {
        return new external_function_parameters([
            'opkey' => self::opkey(),
            'shortname' => new external_value(PARAM_ALPHANUMEXT, 'Short name of the role', VALUE_REQUIRED, null, NULL_NOT_ALLOWED),
            'name' => new external_value(PARAM_TEXT, 'Name of the role', VALUE_REQUIRED, null, NULL_NOT_ALLOWED),
            'description' => new external_value(PARAM_RAW, 'Description', VALUE_DEFAULT, ''),
            'archetype' => new external_value(PARAM_ALPHANUMEXT, 'Archetype, empty: none', VALUE_DEFAULT, ''),
            'contextlevels' => self::names('Context levels where it can be assigned: ' . implode(', ', array_keys(role_maker::LEVELS))),
            'capabilities' => new external_multiple_structure(
                new external_single_structure([
                    'name' => new external_value(PARAM_RAW, 'Name of the capability'),
                    'permission' => new external_value(PARAM_ALPHA, implode(', ', array_keys(role_maker::PERMISSIONS))),
                ]),
                'On top of the archetype\'s',
                VALUE_DEFAULT,
                []
            ),
            'allowassign' => self::names('Short names of the roles that it may assign'),
            'allowoverride' => self::names('Short names of the roles that it may override'),
            'allowswitch' => self::names('Short names of the roles that it may switch to'),
            'allowview' => self::names('Short names of the roles that it may view'),
        ]);
    }

    /**
     * Make the role, once.
     *
     * @param string $opkey
     * @param string $shortname
     * @param string $name
     * @param string $description
     * @param string $archetype
     * @param string[] $contextlevels
     * @param array $capabilities
     * @param string[] $allowassign
     * @param string[] $allowoverride
     * @param string[] $allowswitch
     * @param string[] $allowview
     * @return array
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
    ) {
        $params = self::validate_parameters(self::execute_parameters(), [
            'opkey' => $opkey, 'shortname' => $shortname, 'name' => $name, 'description' => $description,
            'archetype' => $archetype, 'contextlevels' => $contextlevels, 'capabilities' => $capabilities,
            'allowassign' => $allowassign, 'allowoverride' => $allowoverride, 'allowswitch' => $allowswitch,
            'allowview' => $allowview,
        ]);
        self::demand(['local/otbridge:managerole', 'moodle/role:manage']);
        $opkey = operations::key($params['opkey']);
        unset($params['opkey']);
        $params['description'] = (string) $params['description'];
        $params['archetype'] = (string) $params['archetype'];
        $maker = new role_maker($params);
        try {
            return operations::once('create_role', $opkey, $params, [$maker, 'check'], static function ($row) use ($maker) {
                $roleid = $maker->make();
                $row->roleid = $roleid;
                operations::update($row, ['roleid' => $roleid]);
                operations::done($row, role_maker::read_back($roleid));
            });
        } catch (\dml_write_exception $error) {
            $maker->check(); // A role of that short name that was made at the same moment is the likely reason.
            throw $error;
        }
    }

    /**
     * Result.
     *
     * @return external_single_structure
     */
    public static function execute_returns() {
        return self::operation();
    }

    /**
     * Description of a list of names.
     *
     * @param string $description
     * @return external_multiple_structure
     */
    private static function names(string $description): external_multiple_structure {
        return new external_multiple_structure(new external_value(PARAM_ALPHANUMEXT, 'Name'), $description, VALUE_DEFAULT, []);
    }
}
