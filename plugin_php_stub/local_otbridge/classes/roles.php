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
 * Roles: made, read back, deleted.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use context_system;

/**
 * What the steps for roles do with the database.
 */
class roles {
    /** @var int[] context levels by the names that programs use */
    const LEVELS = [
        'system' => CONTEXT_SYSTEM, 'user' => CONTEXT_USER, 'coursecat' => CONTEXT_COURSECAT, 'course' => CONTEXT_COURSE,
        'module' => CONTEXT_MODULE, 'block' => CONTEXT_BLOCK,
    ];

    /** @var int[] permissions by the names that programs use */
    const PERMISSIONS = ['allow' => CAP_ALLOW, 'prevent' => CAP_PREVENT, 'prohibit' => CAP_PROHIBIT];

    /** @var string[] functions for what a role may do with other roles, by kind */
    const ALLOW = [
        'assign' => 'core_role_set_assign_allowed', 'override' => 'core_role_set_override_allowed',
        'switch' => 'core_role_set_switch_allowed', 'view' => 'core_role_set_view_allowed',
    ];

    /** @var string[] settings of the site that hold a role */
    const SETTINGS = ['notloggedinroleid', 'guestroleid', 'defaultuserroleid', 'defaultfrontpageroleid', 'creatornewroleid'];

    /**
     * Make a role; to be called in a transaction.
     *
     * @param array $order parameters of the step role.create
     * @return int its id
     */
    public static function make(array $order): int {
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
        foreach (self::of_the_bridge() as $id) {
            if ($id !== ($ids['manager'] ?? 0)) {
                core_role_set_assign_allowed($id, $roleid); // A later step of the same order may give the role to somebody.
            }
        }
        return $roleid;
    }

    /**
     * Roles by which the user who works for the bridge assigns roles.
     *
     * @return int[]
     */
    private static function of_the_bridge(): array {
        global $DB, $USER;

        $system = context_system::instance()->id;
        return array_map('intval', $DB->get_fieldset_sql(
            "SELECT DISTINCT a.roleid
               FROM {role_assignments} a
               JOIN {role_capabilities} c ON c.roleid = a.roleid AND c.contextid = a.contextid
              WHERE a.userid = ? AND a.contextid = ? AND c.capability = ? AND c.permission = ?",
            [$USER->id, $system, 'moodle/role:assign', CAP_ALLOW]
        ));
    }

    /**
     * A role as it stands in the database.
     *
     * @param int $roleid
     * @return array|null id, shortname, name, contextlevels, capabilities (in the system context, by name); null when it is gone
     */
    public static function read(int $roleid): ?array {
        global $DB;

        $role = $DB->get_record('role', ['id' => $roleid]);
        if (!$role) {
            return null;
        }
        $permissions = array_flip(self::PERMISSIONS);
        $capabilities = [];
        $rows = $DB->get_records('role_capabilities', ['roleid' => $roleid, 'contextid' => context_system::instance()->id]);
        foreach ($rows as $row) {
            $capabilities[$row->capability] = ['name' => $row->capability, 'permission' => $permissions[(int) $row->permission]];
        }
        ksort($capabilities, SORT_STRING);
        return [
            'id' => (int) $role->id,
            'shortname' => $role->shortname,
            'name' => $role->name,
            'contextlevels' => array_keys(array_intersect(self::LEVELS, get_role_contextlevels($roleid))),
            'capabilities' => array_values($capabilities),
        ];
    }

    /**
     * Whether somebody holds a role, or the site's settings use it.
     *
     * @param int $roleid
     * @return bool
     */
    public static function is_used(int $roleid): bool {
        global $CFG, $DB;

        foreach (self::SETTINGS as $setting) {
            if (!empty($CFG->$setting) && (int) $CFG->$setting === $roleid) {
                return true;
            }
        }
        return $DB->record_exists('role_assignments', ['roleid' => $roleid]);
    }

    /**
     * Delete a role.
     *
     * @param int $roleid
     */
    public static function delete(int $roleid): void {
        global $DB;

        $transaction = $DB->start_delegated_transaction();
        delete_role($roleid);
        // Core's delete_role() forgets these two tables.
        foreach (['switch', 'view'] as $kind) {
            $DB->delete_records('role_allow_' . $kind, ['roleid' => $roleid]);
            $DB->delete_records('role_allow_' . $kind, ['allow' . $kind => $roleid]);
        }
        $transaction->allow_commit();
    }

    /**
     * Ids of all roles by their short names.
     *
     * @return int[]
     */
    public static function ids(): array {
        global $DB;
        return array_map('intval', $DB->get_records_menu('role', null, '', 'shortname, id'));
    }
}
