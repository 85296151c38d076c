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
 * Roles: created with everything that belongs to them, deleted only if this plugin created them.
 *
 * @package    local_otbridge
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

/**
 * Creates, reads and deletes roles. The caller has opened a transaction.
 */
final class roles {
    /** @var int[] context levels by name. */
    public const CONTEXT_LEVELS = [
        'system' => CONTEXT_SYSTEM,
        'user' => CONTEXT_USER,
        'coursecat' => CONTEXT_COURSECAT,
        'course' => CONTEXT_COURSE,
        'module' => CONTEXT_MODULE,
        'block' => CONTEXT_BLOCK,
    ];

    /** @var int[] permissions by name. */
    public const PERMISSIONS = [
        'allow' => CAP_ALLOW,
        'prevent' => CAP_PREVENT,
        'prohibit' => CAP_PROHIBIT,
    ];

    /** @var string[] what one role may do with another. */
    private const RELATIONS = ['assign', 'override', 'switch', 'view'];

    /**
     * Create a role.
     *
     * @param array $order parameters of local_otbridge_create_role, without the key
     * @return int id of the role
     * @throws \moodle_exception shortnametaken, unknownarchetype, unknowncontextlevel, unknowncapability, unknownrole
     */
    public static function create(array $order): int {
        global $DB;

        self::refuse($order);
        try {
            $roleid = (int) create_role($order['name'], $order['shortname'], $order['description'], $order['archetype']);
        } catch (\dml_write_exception $problem) {
            // Somebody else has created a role with this short name in the same moment.
            throw new \moodle_exception('shortnametaken', 'local_otbridge', '', $order['shortname'], $problem->getMessage());
        }
        $levels = array_map(static function (string $name): int {
            return self::CONTEXT_LEVELS[$name];
        }, array_values(array_unique($order['contextlevels'])));
        set_role_contextlevels($roleid, $levels ?: get_default_contextlevels($order['archetype']));

        if ($order['archetype'] !== '') {
            reset_role_capabilities($roleid);
        }
        $system = \context_system::instance();
        foreach ($order['capabilities'] as $capability) {
            assign_capability($capability['name'], self::PERMISSIONS[$capability['permission']], $roleid, $system->id, true);
        }
        foreach (self::RELATIONS as $relation) {
            $targets = get_default_role_archetype_allows($relation, $order['archetype']);
            foreach (self::ids($order['allow' . $relation]) as $target) {
                $targets[$target] = $target;
            }
            foreach ($targets as $target) {
                self::allow($relation, $roleid, $target);
            }
        }
        foreach ($DB->get_fieldset_select('role', 'id', "archetype = 'manager' AND id <> ?", [$roleid]) as $manager) {
            foreach (['assign', 'override', 'view'] as $relation) {
                self::allow($relation, (int) $manager, $roleid);
            }
        }
        return $roleid;
    }

    /**
     * A role as it stands in the database.
     *
     * @param int $roleid
     * @return array roleid, shortname, name, contextlevels, capabilities
     */
    public static function read(int $roleid): array {
        global $DB;

        $role = $DB->get_record('role', ['id' => $roleid], 'id, shortname, name', MUST_EXIST);
        $held = $DB->get_records_menu('role_capabilities', [
            'roleid' => $roleid,
            'contextid' => \context_system::instance()->id,
        ], 'capability', 'capability, permission');
        $permissions = array_flip(self::PERMISSIONS);
        $capabilities = [];
        foreach ($held as $name => $permission) {
            $capabilities[] = ['name' => $name, 'permission' => $permissions[(int) $permission]];
        }
        return [
            'roleid' => (int) $role->id,
            'shortname' => $role->shortname,
            'name' => $role->name,
            'contextlevels' => array_keys(array_intersect(self::CONTEXT_LEVELS, get_role_contextlevels($roleid))),
            'capabilities' => $capabilities,
        ];
    }

    /**
     * Delete a role that an operation of this plugin created and that nobody holds.
     *
     * @param int $roleid
     * @return array roleid, shortname
     * @throws \moodle_exception rolenotours, roleassigned
     */
    public static function delete(int $roleid): array {
        global $DB;

        $shortname = $DB->get_field('role', 'shortname', ['id' => $roleid]);
        $ours = ['action' => 'create_role', 'objectid' => $roleid, 'status' => operations::DONE];
        if ($shortname === false || !$DB->record_exists(operations::TABLE, $ours)) {
            throw new \moodle_exception('rolenotours', 'local_otbridge', '', $roleid);
        }
        if ($DB->record_exists('role_assignments', ['roleid' => $roleid])) {
            throw new \moodle_exception('roleassigned', 'local_otbridge', '', $shortname);
        }
        delete_role($roleid);
        return ['roleid' => $roleid, 'shortname' => $shortname];
    }

    /**
     * Refuse an order that cannot be carried out; all unknown names of a kind are told at once.
     *
     * @param array $order
     */
    private static function refuse(array $order): void {
        global $DB;

        if ($DB->record_exists('role', ['shortname' => $order['shortname']])) {
            throw new \moodle_exception('shortnametaken', 'local_otbridge', '', $order['shortname']);
        }
        if ($order['archetype'] !== '' && !array_key_exists($order['archetype'], get_role_archetypes())) {
            throw new \moodle_exception('unknownarchetype', 'local_otbridge', '', $order['archetype']);
        }
        self::refuse_unknown('unknowncontextlevel', $order['contextlevels'], array_keys(self::CONTEXT_LEVELS));
        $names = array_column($order['capabilities'], 'name');
        $known = $names ? $DB->get_fieldset_sql(...self::in('SELECT name FROM {capabilities} WHERE name', $names)) : [];
        self::refuse_unknown('unknowncapability', $names, $known);
        $others = array_merge(...array_map(static function (string $relation) use ($order): array {
            return $order['allow' . $relation];
        }, self::RELATIONS));
        self::refuse_unknown('unknownrole', $others, $DB->get_fieldset_select('role', 'shortname', '1 = 1'));
    }

    /**
     * Refuse names that are not known.
     *
     * @param string $errorcode
     * @param string[] $names
     * @param string[] $known
     */
    private static function refuse_unknown(string $errorcode, array $names, array $known): void {
        $unknown = array_diff(array_unique($names), $known);
        if ($unknown) {
            throw new \moodle_exception($errorcode, 'local_otbridge', '', implode(', ', $unknown));
        }
    }

    /**
     * Ids of roles.
     *
     * @param string[] $shortnames
     * @return int[]
     */
    private static function ids(array $shortnames): array {
        global $DB;
        return $shortnames ? array_map('intval', $DB->get_fieldset_sql(...self::in('SELECT id FROM {role} WHERE shortname', $shortnames)))
            : [];
    }

    /**
     * A query with a list of values.
     *
     * @param string $select the query up to the list
     * @param string[] $values
     * @return array SQL and parameters
     */
    private static function in(string $select, array $values): array {
        global $DB;
        [$sql, $params] = $DB->get_in_or_equal($values);
        return ["$select $sql", $params];
    }

    /**
     * Let one role do something with another.
     *
     * @param string $relation
     * @param int $roleid
     * @param int $targetid
     */
    private static function allow(string $relation, int $roleid, int $targetid): void {
        $set = "core_role_set_{$relation}_allowed";
        $set($roleid, $targetid);
    }
}
