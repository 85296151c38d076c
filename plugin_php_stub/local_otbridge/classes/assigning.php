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
 * Which role may be given where.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use context;

/**
 * The policy of the site's administrator, Moodle's own matrix of who may assign which role, and the risks of the role itself: all
 * three must agree before somebody gets a role.
 */
class assigning {
    /** @var string[] levels at which roles are given, by Moodle's numbers */
    const LEVELS = [CONTEXT_SYSTEM => 'system', CONTEXT_COURSECAT => 'coursecat', CONTEXT_COURSE => 'course'];
    /** @var string the archetype of a role that has none */
    const NONE = 'none';

    /**
     * Look whether a role may be given.
     *
     * @param string|reference $shortname
     * @param string $level one of {@see self::LEVELS}
     * @param context|null $context where, or where it will be made; null: cannot be told yet
     * @param string $param
     * @param checking $checking
     */
    public static function check($shortname, string $level, ?context $context, string $param, checking $checking): void {
        $planned = $checking->planned($shortname, 'role.create');
        if ($planned !== null) {
            $allowed = self::is_allowed((string) $planned['archetype'], $level) && self::has_level($planned, $level);
            if (!$allowed) {
                $checking->fault($param, 'rolenotallowed', ['shortname' => (string) $planned['shortname'], 'level' => $level]);
            }
            return; // Its risks are checked where it is made, and the matrix will let the bridge assign it.
        }
        if (!is_string($shortname)) {
            return;
        }
        $role = self::role($shortname);
        if ($role === null) {
            $checking->fault($param, 'unknownrole', ['shortname' => $shortname]);
            return;
        }
        $facts = ['shortname' => $shortname, 'level' => $level];
        if (!self::is_allowed($role->archetype, $level)) {
            $checking->fault($param, 'rolenotallowed', $facts);
            return;
        }
        foreach (self::risky($role) as $name => $risks) {
            $checking->fault($param, 'risknotallowed', ['name' => $name, 'risks' => implode(', ', $risks)]);
            return;
        }
        $levels = array_map('intval', get_role_contextlevels($role->id));
        if (!in_array(array_search($level, self::LEVELS, true), $levels, true)) {
            $checking->fault($param, 'rolenothere', $facts);
        } else if ($context !== null && !self::matrix_lets((int) $role->id, $context)) {
            $checking->fault($param, 'rolenotassignable', $facts);
        }
    }

    /**
     * A role by its short name.
     *
     * @param string $shortname
     * @return \stdClass|null
     */
    public static function role(string $shortname): ?\stdClass {
        global $DB;
        return $DB->get_record('role', ['shortname' => $shortname]) ?: null;
    }

    /**
     * Whether the plugin's settings let roles of an archetype be given at a level.
     *
     * @param string $archetype empty: none
     * @param string $level
     * @return bool
     */
    private static function is_allowed(string $archetype, string $level): bool {
        if ($level === 'system' && policy::categories()) {
            return false; // The bridge may work in some categories only.
        }
        return in_array(($archetype ?: self::NONE) . ':' . $level, policy::assignable(), true);
    }

    /**
     * Whether a role that will be made may be given at a level.
     *
     * @param array $planned parameters of role.create
     * @param string $level
     * @return bool
     */
    private static function has_level(array $planned, string $level): bool {
        if ($planned['contextlevels']) {
            return in_array($level, $planned['contextlevels'], true);
        }
        return in_array(array_search($level, self::LEVELS, true), get_default_contextlevels((string) $planned['archetype']));
    }

    /**
     * Capabilities of a role, beyond its archetype's own, whose risks the settings do not let roles carry.
     *
     * @param \stdClass $role
     * @return string[][] risks by capability
     */
    private static function risky(\stdClass $role): array {
        global $DB;

        $own = $role->archetype === '' ? [] : get_default_capabilities($role->archetype);
        $held = $DB->get_records_sql(
            'SELECT c.name, MAX(c.riskbitmask) AS risks
               FROM {role_capabilities} r
               JOIN {capabilities} c ON c.name = r.capability
              WHERE r.roleid = ? AND r.permission = ? AND r.contextid = ?
           GROUP BY c.name',
            [$role->id, CAP_ALLOW, \context_system::instance()->id]
        );
        $found = [];
        foreach ($held as $capability) {
            $refused = policy::refused_risks((int) $capability->risks);
            if ($refused && (int) ($own[$capability->name] ?? 0) !== CAP_ALLOW) {
                $found[$capability->name] = $refused;
            }
        }
        return $found;
    }

    /**
     * Whether one of the current user's roles may assign a role.
     *
     * @param int $roleid
     * @param context $context
     * @return bool
     */
    private static function matrix_lets(int $roleid, context $context): bool {
        global $DB, $USER;

        if (is_siteadmin()) {
            return true;
        }
        [$in, $params] = $DB->get_in_or_equal($context->get_parent_context_ids(true), SQL_PARAMS_NAMED);
        return $DB->record_exists_sql(
            "SELECT 1
               FROM {role_allow_assign} m
               JOIN {role_assignments} a ON a.roleid = m.roleid
              WHERE m.allowassign = :role AND a.userid = :user AND a.contextid $in",
            $params + ['role' => $roleid, 'user' => $USER->id]
        );
    }
}
