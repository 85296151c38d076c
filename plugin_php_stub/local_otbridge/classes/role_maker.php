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
 * Roles: made from an order, read back, deleted again.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use context_system;
use invalid_parameter_exception;
use moodle_exception;

/**
 * Makes one role.
 */
class role_maker {
    /** @var int[] context levels by the names that orders use */
    const LEVELS = [
        'system' => CONTEXT_SYSTEM, 'user' => CONTEXT_USER, 'coursecat' => CONTEXT_COURSECAT, 'course' => CONTEXT_COURSE,
        'module' => CONTEXT_MODULE, 'block' => CONTEXT_BLOCK,
    ];

    /** @var int[] permissions by the names that orders use */
    const PERMISSIONS = ['allow' => CAP_ALLOW, 'prevent' => CAP_PREVENT, 'prohibit' => CAP_PROHIBIT];

    /** @var string[] tables of what a role may do with other roles, by kind */
    const ALLOW = [
        'assign' => 'core_role_set_assign_allowed', 'override' => 'core_role_set_override_allowed',
        'switch' => 'core_role_set_switch_allowed', 'view' => 'core_role_set_view_allowed',
    ];

    /** @var array the order: parameters of create_role without the key */
    private $order;

    /**
     * Take an order.
     *
     * @param array $order parameters of create_role without the key
     * @throws invalid_parameter_exception it makes no sense, whatever the site
     */
    public function __construct(array $order) {
        if ($order['shortname'] === '' || trim($order['name']) === '') {
            throw new invalid_parameter_exception('shortname and name must not be empty');
        }
        $seen = [];
        foreach ($order['capabilities'] as $capability) {
            if (!isset(self::PERMISSIONS[$capability['permission']])) {
                throw new invalid_parameter_exception('permission must be one of ' . implode(', ', array_keys(self::PERMISSIONS)));
            }
            if (isset($seen[$capability['name']])) {
                throw new invalid_parameter_exception('capability named twice: ' . $capability['name']);
            }
            $seen[$capability['name']] = true;
        }
        $this->order = $order;
    }

    /**
     * Refuse what this site cannot make; each kind of fault names all its offenders.
     *
     * @throws moodle_exception `shortnametaken`, `unknownarchetype`, `unknowncontextlevel`, `unknowncapability`, `unknownrole`
     */
    public function check(): void {
        global $DB;

        if ($DB->record_exists('role', ['shortname' => $this->order['shortname']])) {
            throw new moodle_exception('shortnametaken', 'local_otbridge', '', $this->order['shortname']);
        }
        if ($this->order['archetype'] !== '' && !isset(get_role_archetypes()[$this->order['archetype']])) {
            throw new moodle_exception('unknownarchetype', 'local_otbridge', '', $this->order['archetype']);
        }
        self::refuse('unknowncontextlevel', array_diff($this->order['contextlevels'], array_keys(self::LEVELS)));
        $names = array_column($this->order['capabilities'], 'name');
        $known = $DB->get_records_list('capabilities', 'name', $names, '', 'id, name');
        self::refuse('unknowncapability', array_diff($names, array_column($known, 'name')));
        $wanted = [];
        foreach (array_keys(self::ALLOW) as $kind) {
            $wanted = array_merge($wanted, $this->order['allow' . $kind]);
        }
        self::refuse('unknownrole', array_diff($wanted, array_keys(self::ids())));
    }

    /**
     * Make the role; to be called in a transaction.
     *
     * @return int its id
     */
    public function make(): int {
        $order = $this->order;
        $roleid = create_role($order['name'], $order['shortname'], $order['description'], $order['archetype']);
        $levels = array_values(array_intersect_key(self::LEVELS, array_flip($order['contextlevels'])));
        set_role_contextlevels($roleid, $levels ?: get_default_contextlevels($order['archetype']));
        if ($order['archetype'] !== '') {
            reset_role_capabilities($roleid);
        }
        $system = context_system::instance();
        foreach ($order['capabilities'] as $capability) {
            assign_capability($capability['name'], self::PERMISSIONS[$capability['permission']], $roleid, $system->id, true);
        }
        $ids = self::ids();
        foreach (self::ALLOW as $kind => $function) {
            foreach (array_unique($order['allow' . $kind]) as $shortname) {
                $function($roleid, $ids[$shortname]);
            }
        }
        if (isset($ids['manager'])) {
            // Without this nobody but a site administrator could assign the role.
            core_role_set_assign_allowed($ids['manager'], $roleid);
            core_role_set_override_allowed($ids['manager'], $roleid);
            core_role_set_view_allowed($ids['manager'], $roleid);
        }
        return $roleid;
    }

    /**
     * A role as it stands in the database.
     *
     * @param int $roleid
     * @return array roleid, shortname, name, contextlevels, capabilities (in the system context, by name)
     */
    public static function read_back(int $roleid): array {
        global $DB;

        $role = $DB->get_record('role', ['id' => $roleid], '*', MUST_EXIST);
        $levels = get_role_contextlevels($roleid);
        $permissions = array_flip(self::PERMISSIONS);
        $capabilities = [];
        $rows = $DB->get_records('role_capabilities', ['roleid' => $roleid, 'contextid' => context_system::instance()->id]);
        foreach ($rows as $row) {
            $capabilities[$row->capability] = ['name' => $row->capability, 'permission' => $permissions[(int) $row->permission]];
        }
        ksort($capabilities, SORT_STRING);
        return [
            'roleid' => (int) $role->id,
            'shortname' => $role->shortname,
            'name' => $role->name,
            'contextlevels' => array_keys(array_intersect(self::LEVELS, $levels)),
            'capabilities' => array_values($capabilities),
        ];
    }

    /**
     * Refuse to delete what is not ours, or what somebody depends on.
     *
     * @param int $roleid
     * @throws moodle_exception `rolenotours`, `roleassigned`
     */
    public static function check_deletable(int $roleid): void {
        global $CFG, $DB;

        $ours = $DB->record_exists(operations::TABLE, [
            'roleid' => $roleid, 'action' => 'create_role', 'status' => operations::DONE,
        ]);
        if (!$ours || !$DB->record_exists('role', ['id' => $roleid])) {
            throw new moodle_exception('rolenotours', 'local_otbridge', '', $roleid);
        }
        foreach (['notloggedinroleid', 'guestroleid', 'defaultuserroleid', 'defaultfrontpageroleid', 'creatornewroleid'] as $setting) {
            if (!empty($CFG->$setting) && (int) $CFG->$setting === $roleid) {
                throw new moodle_exception('roleassigned', 'local_otbridge', '', $roleid);
            }
        }
        if ($DB->record_exists('role_assignments', ['roleid' => $roleid])) {
            throw new moodle_exception('roleassigned', 'local_otbridge', '', $roleid);
        }
    }

    /**
     * Delete a role; to be called in a transaction.
     *
     * @param int $roleid
     * @return string its short name
     */
    public static function delete(int $roleid): string {
        global $DB;

        $shortname = $DB->get_field('role', 'shortname', ['id' => $roleid], MUST_EXIST);
        delete_role($roleid);
        // Core's delete_role() forgets these two tables.
        foreach (['switch', 'view'] as $kind) {
            $DB->delete_records('role_allow_' . $kind, ['roleid' => $roleid]);
            $DB->delete_records('role_allow_' . $kind, ['allow' . $kind => $roleid]);
        }
        return $shortname;
    }

    /**
     * Ids of all roles by their short names.
     *
     * @return int[]
     */
    private static function ids(): array {
        global $DB;
        return array_map('intval', $DB->get_records_menu('role', null, '', 'shortname, id'));
    }

    /**
     * Refuse names that are unknown.
     *
     * @param string $errorcode
     * @param string[] $unknown
     */
    private static function refuse(string $errorcode, array $unknown): void {
        if ($unknown) {
            throw new moodle_exception($errorcode, 'local_otbridge', '', implode(', ', array_unique($unknown)));
        }
    }
}
