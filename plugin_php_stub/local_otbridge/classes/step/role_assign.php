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
 * Step role.assign: a role for a person, in the system, a category or a course.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\step;

use context;
use context_system;
use core_course_category;
use local_otbridge\assigning;
use local_otbridge\checking;
use local_otbridge\field;
use local_otbridge\kinds;
use local_otbridge\accounts;
use local_otbridge\scope;
use local_otbridge\step;
use local_otbridge\work;

/**
 * Gives a role. Who holds it already keeps it, also when the step is taken back.
 */
class role_assign extends step {
    /**
     * Parameters; neither a category nor a course means the system.
     *
     * @return field[]
     */
    public function schema(): array {
        return [
            'role' => field::text(100)->filled(),
            'user' => field::record('user'),
            'category' => field::record('category')->default(null),
            'course' => field::record('course')->default(null),
        ];
    }

    /**
     * Results.
     *
     * @return string[]
     */
    public function results(): array {
        return ['id' => 'int', 'user' => 'user', 'isnew' => 'bool'];
    }

    /**
     * Capabilities.
     *
     * @return string[]
     */
    public function needs(): array {
        return ['moodle/role:assign'];
    }

    /**
     * Capabilities in their contexts.
     *
     * @param array $params
     * @param scope $scope
     * @return array
     */
    public function capabilities(array $params, scope $scope): array {
        [, $kind, $value] = self::where($params);
        return [['moodle/role:assign', $kind === '' ? context_system::instance() : $scope->context($kind, $value)]];
    }

    /**
     * Look for faults.
     *
     * @param array $params
     * @param checking $checking
     */
    public function check(array $params, checking $checking): void {
        if ($params['category'] !== null && $params['course'] !== null) {
            $checking->fault('course', 'twoplaces');
            return;
        }
        [$level, $kind, $value] = self::where($params);
        $context = $kind === '' ? context_system::instance() : $checking->context($kind, $value);
        assigning::check($params['role'], $level, $context, 'role', $checking);
        if (!is_int($params['user'])) {
            return;
        }
        if (accounts::is_protected($params['user'])) {
            $checking->fault('user', 'userprotected', ['id' => $params['user']]);
        } else if ($kind === '' || is_int($value)) {
            $role = is_string($params['role']) ? assigning::role($params['role']) : null;
            if ($role !== null && $context !== null && self::row($role->id, $params['user'], $context) !== null) {
                $checking->note('user', 'roleheld', ['role' => $role->shortname, 'id' => $params['user']]);
            }
        }
    }

    /**
     * Give the role.
     *
     * @param array $params
     * @param work $work
     * @return array
     */
    public function run(array $params, work $work): array {
        [, $kind, $value] = self::where($params);
        $context = $kind === '' ? context_system::instance() : kinds::context($kind, $value);
        $role = assigning::role($params['role']);
        $held = self::row($role->id, $params['user'], $context);
        $id = $held === null ? role_assign($role->id, $params['user'], $context->id) : (int) $held->id;
        $work->remember(['role' => (int) $role->id, 'context' => (int) $context->id]);
        return ['id' => (int) $id, 'user' => $params['user'], 'isnew' => $held === null];
    }

    /**
     * Take the role away, if it was given here and is the same assignment still.
     *
     * @param array $params
     * @param array $results
     * @param work $work
     */
    public function undo(array $params, array $results, work $work): void {
        global $DB;

        $row = $results['isnew'] ? $DB->get_record('role_assignments', ['id' => $results['id'], 'component' => '']) : null;
        if ($row) {
            role_unassign($row->roleid, $row->userid, $row->contextid);
        }
    }

    /**
     * Who teaches a course is cached.
     *
     * @param array $params
     * @param array $results
     */
    public function refresh(array $params, array $results): void {
        [, $kind, $value] = self::where($params);
        $role = assigning::role((string) $params['role']);
        $context = $kind !== '' && is_int($value) ? kinds::context($kind, $value) : null;
        if ($role !== null && $context !== null) {
            core_course_category::role_assignment_changed($role->id, $context);
        }
    }

    /**
     * Level, kind of thing (empty: the system) and thing.
     *
     * @param array $params
     * @return array
     */
    private static function where(array $params): array {
        foreach (['course' => 'course', 'category' => 'coursecat'] as $kind => $level) {
            if ($params[$kind] !== null) {
                return [$level, $kind, $params[$kind]];
            }
        }
        return ['system', '', null];
    }

    /**
     * The assignment by hand that a person holds.
     *
     * @param int $roleid
     * @param int $userid
     * @param context $context
     * @return \stdClass|null
     */
    private static function row($roleid, int $userid, context $context): ?\stdClass {
        global $DB;

        $where = ['roleid' => $roleid, 'userid' => $userid, 'contextid' => $context->id, 'component' => '', 'itemid' => 0];
        return $DB->get_record('role_assignments', $where) ?: null;
    }
}
