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
 * Step group.create: a new group in a course.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\step;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->dirroot . '/group/lib.php');

use local_otbridge\change;
use local_otbridge\changes;
use local_otbridge\checking;
use local_otbridge\field;
use local_otbridge\repeatable;
use local_otbridge\rules;
use local_otbridge\scope;
use local_otbridge\step;
use local_otbridge\work;

/**
 * Makes a group.
 */
class group_create extends step implements repeatable {
    /**
     * Parameters.
     *
     * @return field[]
     */
    public function schema(): array {
        return [
            'course' => field::record('course'),
            'name' => field::text(254)->filled(),
            'idnumber' => field::text(100)->default(''),
            'descriptionhtml' => field::html()->default(''),
        ];
    }

    /**
     * Results.
     *
     * @return string[]
     */
    public function results(): array {
        return ['id' => 'group', 'name' => 'text'];
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
        return [['moodle/course:managegroups', $scope->context('course', $params['course'])]];
    }

    /**
     * Core does not refuse a second group of the same name, the form does.
     *
     * @param array $params
     * @return string[]
     */
    public function locks(array $params): array {
        return ['groupnames' . $params['course']];
    }

    /**
     * Look for faults.
     *
     * @param array $params
     * @param checking $checking
     */
    public function check(array $params, checking $checking): void {
        global $DB;

        foreach (['name' => 'groupnametaken', 'idnumber' => 'idnumbertaken'] as $name => $code) {
            $value = $params[$name];
            if (!is_string($value) || $value === '') {
                continue;
            }
            $taken = is_int($params['course']) && $DB->record_exists('groups', ['courseid' => $params['course'], $name => $value]);
            if ($taken || !$checking->claim('group.' . $name . '.' . $params['course'], $value)) {
                $checking->fault($name, $code, [$name => $value]);
            }
        }
    }

    /**
     * Make the group.
     *
     * @param array $params
     * @param work $work
     * @return array
     */
    public function run(array $params, work $work): array {
        $id = groups_create_group((object) [
            'courseid' => $params['course'], 'name' => $params['name'], 'idnumber' => $params['idnumber'],
            'description' => $params['descriptionhtml'], 'descriptionformat' => FORMAT_HTML,
        ]);
        return ['id' => (int) $id, 'name' => $params['name']];
    }

    /**
     * Core writes the time of the last change, also when members come or go. People who came since are somebody's doing, unless a
     * rule brought them.
     *
     * @param array $params
     * @param array $results
     * @param int $since
     * @param work $work
     * @return change|null
     */
    public function changed(array $params, array $results, int $since, work $work): ?change {
        global $DB;

        $group = $DB->get_record('groups', ['id' => $results['id']]);
        if (!$group || $group->timemodified <= $since) {
            return null;
        }
        $came = $DB->record_exists_select(
            'groups_members',
            'groupid = ? AND timeadded > ? AND userid NOT IN (' . rules::IN_GROUP . ')',
            [$group->id, $since, $group->id]
        );
        $ruled = $DB->record_exists(rules::TABLE, ['groupid' => $group->id]) && $group->name === $params['name'];
        $ours = !$came && ($ruled || changes::is_taken_back((int) $group->timemodified));
        return $ours ? null : new change($group->name, (int) $group->timemodified);
    }

    /**
     * Delete the group.
     *
     * @param array $params
     * @param array $results
     * @param work $work
     */
    public function undo(array $params, array $results, work $work): void {
        groups_delete_group($results['id']);
    }

    /**
     * The group of that ID number, or else of that name.
     *
     * @param array $params
     * @return array|null
     */
    public function find(array $params): ?array {
        global $DB;

        if (!is_int($params['course']) || !is_string($params['name'])) {
            return null;
        }
        $column = is_string($params['idnumber']) && $params['idnumber'] !== '' ? 'idnumber' : 'name';
        $id = $DB->get_field('groups', 'id', ['courseid' => $params['course'], $column => $params[$column]], IGNORE_MULTIPLE);
        return $id ? ['id' => (int) $id, 'name' => $params['name']] : null;
    }

    /**
     * Its name.
     *
     * @param array $params
     * @param array $found
     * @return array
     */
    public function differences(array $params, array $found): array {
        global $DB;
        $name = $DB->get_field('groups', 'name', ['id' => $found['id']], MUST_EXIST);
        return $name === $params['name'] ? [] : ['name' => $name];
    }

    /**
     * Rename it.
     *
     * @param array $params
     * @param array $found
     * @param array $before
     * @param work $work
     * @return array
     */
    public function bring(array $params, array $found, array $before, work $work): array {
        $this->rename($params, $found['id'], $params['name']);
        return $found;
    }

    /**
     * Rename it back.
     *
     * @param array $params
     * @param array $results
     * @param array $before
     * @param work $work
     */
    public function put_back(array $params, array $results, array $before, work $work): void {
        $this->rename($params, $results['id'], $before['name']);
    }

    /**
     * Give it a name.
     *
     * @param array $params
     * @param int $id
     * @param string $name
     */
    private function rename(array $params, int $id, string $name): void {
        groups_update_group((object) ['id' => $id, 'courseid' => $params['course'], 'name' => $name]);
    }
}
