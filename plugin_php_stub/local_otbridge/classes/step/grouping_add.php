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
 * Step: put a group into a grouping.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\step;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->dirroot . '/group/lib.php');

use cache_helper;
use local_otbridge\checking;
use local_otbridge\field;
use local_otbridge\kept_as_found;
use local_otbridge\kinds;
use local_otbridge\repeatable;
use local_otbridge\scope;
use local_otbridge\step;
use local_otbridge\work;

/**
 * Puts a group into a grouping of the same course.
 */
class grouping_add extends step implements repeatable {
    use kept_as_found;

    /**
     * Parameters.
     *
     * @return field[]
     */
    public function schema(): array {
        return ['grouping' => field::record('grouping'), 'group' => field::record('group')];
    }

    /**
     * Results: none.
     *
     * @return string[]
     */
    public function results(): array {
        return [];
    }

    /**
     * Capabilities.
     *
     * @return string[]
     */
    public function needs(): array {
        return ['moodle/course:managegroups'];
    }

    /**
     * Capabilities in their contexts.
     *
     * @param array $params
     * @param scope $scope
     * @return array
     */
    public function capabilities(array $params, scope $scope): array {
        return [
            ['moodle/course:managegroups', $scope->context('grouping', $params['grouping'])],
            ['moodle/course:managegroups', $scope->context('group', $params['group'])],
        ];
    }

    /**
     * Look for faults: core takes a group of another course, and says nothing about one that is in the grouping already.
     *
     * @param array $params
     * @param checking $checking
     */
    public function check(array $params, checking $checking): void {
        global $DB;

        [$grouping, $group] = [$params['grouping'], $params['group']];
        $taken = false;
        if (is_int($grouping) && is_int($group)) {
            if (kinds::course('grouping', $grouping) !== kinds::course('group', $group)) {
                $checking->fault('group', 'othercourse', ['id' => $group]);
                return;
            }
            $taken = $DB->record_exists('groupings_groups', ['groupingid' => $grouping, 'groupid' => $group]);
        }
        if ($taken || !$checking->claim('grouping.group.' . $grouping, (string) $group)) {
            $checking->fault('group', 'alreadyingrouping', ['grouping' => (string) $grouping, 'group' => (string) $group]);
        }
    }

    /**
     * Put it in.
     *
     * @param array $params
     * @param work $work
     * @return array
     */
    public function run(array $params, work $work): array {
        groups_assign_grouping($params['grouping'], $params['group']);
        return [];
    }

    /**
     * Take it out.
     *
     * @param array $params
     * @param array $results
     * @param work $work
     */
    public function undo(array $params, array $results, work $work): void {
        global $DB;

        if ($DB->record_exists('groupings_groups', ['groupingid' => $params['grouping'], 'groupid' => $params['group']])) {
            groups_unassign_grouping($params['grouping'], $params['group']);
        }
    }

    /**
     * Groupings of users, which another process may have read before the commit.
     *
     * @param array $params
     * @param array $results
     */
    public function refresh(array $params, array $results): void {
        cache_helper::purge_by_definition('core', 'user_group_groupings');
    }

    /**
     * Whether it is in there.
     *
     * @param array $params
     * @return array|null
     */
    public function find(array $params): ?array {
        global $DB;

        if (!is_int($params['grouping']) || !is_int($params['group'])) {
            return null;
        }
        $where = ['groupingid' => $params['grouping'], 'groupid' => $params['group']];
        return $DB->record_exists('groupings_groups', $where) ? [] : null;
    }
}
