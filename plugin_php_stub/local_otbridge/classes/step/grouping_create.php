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
 * Step: make a grouping.
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
use local_otbridge\scope;
use local_otbridge\step;
use local_otbridge\work;

/**
 * Makes a grouping.
 */
class grouping_create extends step implements repeatable {
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
        return ['id' => 'grouping', 'name' => 'text'];
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
     * Core does not refuse a second grouping of the same name, the form does.
     *
     * @param array $params
     * @return string[]
     */
    public function locks(array $params): array {
        return ['groupingnames' . $params['course']];
    }

    /**
     * Look for faults.
     *
     * @param array $params
     * @param checking $checking
     */
    public function check(array $params, checking $checking): void {
        global $DB;

        foreach (['name' => 'groupingnametaken', 'idnumber' => 'idnumbertaken'] as $name => $code) {
            $value = $params[$name];
            if (!is_string($value) || $value === '') {
                continue;
            }
            $where = ['courseid' => $params['course'], $name => $value];
            $taken = is_int($params['course']) && $DB->record_exists('groupings', $where);
            if ($taken || !$checking->claim('grouping.' . $name . '.' . $params['course'], $value)) {
                $checking->fault($name, $code, [$name => $value]);
            }
        }
    }

    /**
     * Make the grouping.
     *
     * @param array $params
     * @param work $work
     * @return array
     */
    public function run(array $params, work $work): array {
        $id = groups_create_grouping((object) [
            'courseid' => $params['course'], 'name' => $params['name'], 'idnumber' => $params['idnumber'],
            'description' => $params['descriptionhtml'], 'descriptionformat' => FORMAT_HTML,
        ]);
        return ['id' => (int) $id, 'name' => $params['name']];
    }

    /**
     * Its own change, a group that came since, or an activity or a restriction that uses it.
     *
     * @param array $params
     * @param array $results
     * @param int $since
     * @param work $work
     * @return change|null
     */
    public function changed(array $params, array $results, int $since, work $work): ?change {
        global $DB;

        $grouping = $DB->get_record('groupings', ['id' => $results['id']]);
        if (!$grouping) {
            return null;
        }
        $added = (int) $DB->get_field('groupings_groups', 'MAX(timeadded)', ['groupingid' => $grouping->id]);
        $when = max((int) $grouping->timemodified, $added);
        if ($when > $since && !changes::is_taken_back($when)) {
            return new change($grouping->name, $when);
        }
        return $DB->record_exists('course_modules', ['groupingid' => $grouping->id]) ? new change('course_modules') : null;
    }

    /**
     * Delete the grouping.
     *
     * @param array $params
     * @param array $results
     * @param work $work
     */
    public function undo(array $params, array $results, work $work): void {
        if (groups_get_grouping($results['id'])) {
            groups_delete_grouping($results['id']);
        }
    }

    /**
     * The grouping of that ID number, or else of that name.
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
        $id = $DB->get_field('groupings', 'id', ['courseid' => $params['course'], $column => $params[$column]], IGNORE_MULTIPLE);
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
        $name = $DB->get_field('groupings', 'name', ['id' => $found['id']], MUST_EXIST);
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
        groups_update_grouping((object) ['id' => $id, 'courseid' => $params['course'], 'name' => $name]);
    }
}
