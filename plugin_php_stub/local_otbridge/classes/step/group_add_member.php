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
 * Step: put a user into a group.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\step;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->dirroot . '/group/lib.php');

use cache_helper;
use context_course;
use local_otbridge\checking;
use local_otbridge\field;
use local_otbridge\kept_as_found;
use local_otbridge\kinds;
use local_otbridge\refusal;
use local_otbridge\repeatable;
use local_otbridge\scope;
use local_otbridge\step;
use local_otbridge\work;

/**
 * Puts an enrolled user into a group.
 */
class group_add_member extends step implements repeatable {
    use kept_as_found;

    /**
     * Parameters.
     *
     * @return field[]
     */
    public function schema(): array {
        return ['group' => field::record('group'), 'user' => field::record('user')];
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
        return [['moodle/course:managegroups', $scope->context('group', $params['group'])]];
    }

    /**
     * Look for faults.
     *
     * @param array $params
     * @param checking $checking
     */
    public function check(array $params, checking $checking): void {
        global $DB;

        [$group, $user] = [$params['group'], $params['user']];
        $taken = false;
        if (is_int($group) && is_int($user)) {
            $context = context_course::instance(kinds::course('group', $group));
            if (!is_enrolled($context, $user)) {
                $checking->fault('user', 'notenrolled', ['user' => $user, 'group' => $group]);
                return;
            }
            $taken = $DB->record_exists('groups_members', ['groupid' => $group, 'userid' => $user]);
        }
        if ($taken || !$checking->claim('group.member.' . $group, (string) $user)) {
            $checking->fault('user', 'alreadymember', ['user' => (string) $user, 'group' => (string) $group]);
        }
    }

    /**
     * Put the user in.
     *
     * @param array $params
     * @param work $work
     * @return array
     */
    public function run(array $params, work $work): array {
        if (!groups_add_member($params['group'], $params['user'])) {
            throw new refusal('notenrolled', ['user' => $params['user'], 'group' => $params['group']]);
        }
        return [];
    }

    /**
     * Take the user out.
     *
     * @param array $params
     * @param array $results
     * @param work $work
     */
    public function undo(array $params, array $results, work $work): void {
        if (kinds::exists('group', $params['group'])) {
            groups_remove_member($params['group'], $params['user']);
        }
    }

    /**
     * Groups of the user, which another process may have read before the commit.
     *
     * @param array $params
     * @param array $results
     */
    public function refresh(array $params, array $results): void {
        cache_helper::invalidate_by_definition('core', 'user_group_groupings', [], [$params['user']]);
    }

    /**
     * Whether it is in there.
     *
     * @param array $params
     * @return array|null
     */
    public function find(array $params): ?array {
        global $DB;

        if (!is_int($params['group']) || !is_int($params['user'])) {
            return null;
        }
        $where = ['groupid' => $params['group'], 'userid' => $params['user']];
        return $DB->record_exists('groups_members', $where) ? [] : null;
    }
}
