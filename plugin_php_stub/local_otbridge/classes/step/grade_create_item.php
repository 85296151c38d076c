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
 * Step: a grade that teachers enter.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\step;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->libdir . '/gradelib.php');

use cache_helper;
use grade_category;
use grade_item;
use local_otbridge\change;
use local_otbridge\checking;
use local_otbridge\field;
use local_otbridge\grading;
use local_otbridge\scope;
use local_otbridge\step;
use local_otbridge\work;

/**
 * Makes a manual item of grades, in points or by a scale.
 */
class grade_create_item extends step {
    /**
     * Parameters.
     *
     * @return field[]
     */
    public function schema(): array {
        return [
            'course' => field::record('course'),
            'name' => field::text(255)->filled(),
            'idnumber' => field::text(100)->default(''),
            'category' => field::record('gradecategory')->default(null),
            'scale' => field::record('scale')->default(null),
            'grademax' => field::decimal('0.00001', '1000000')->default('100'),
            'gradepass' => field::decimal('0', '1000000')->default(''),
            'weight' => field::decimal('0', '1000000')->default(''),
        ];
    }

    /**
     * Results.
     *
     * @return string[]
     */
    public function results(): array {
        return ['id' => 'gradeitem', 'name' => 'text'];
    }

    /**
     * Capabilities.
     *
     * @return string[]
     */
    public function needs(): array {
        return ['moodle/grade:manage'];
    }

    /**
     * Capabilities in their contexts.
     *
     * @param array $params
     * @param scope $scope
     * @return array
     */
    public function capabilities(array $params, scope $scope): array {
        return [['moodle/grade:manage', $scope->context('course', $params['course'])]];
    }

    /**
     * Grades of one course are set one after the other.
     *
     * @param array $params
     * @return string[]
     */
    public function locks(array $params): array {
        return ['grades' . $params['course']];
    }

    /**
     * Look for faults.
     *
     * @param array $params
     * @param checking $checking
     */
    public function check(array $params, checking $checking): void {
        global $DB;

        foreach (['category' => 'grade_categories', 'scale' => 'scale'] as $name => $table) {
            $owner = is_int($params[$name]) ? (int) $DB->get_field($table, 'courseid', ['id' => $params[$name]]) : $params['course'];
            if ($owner !== $params['course'] && !($name === 'scale' && $owner === 0)) {
                $checking->fault($name, 'othercourse', ['id' => $params[$name]]);
            }
        }
        $planned = $checking->planned($params['scale'], 'grade.create_scale');
        $max = $params['grademax'];
        if ($planned !== null) {
            $max = (string) count($planned['items']);
        } else if (is_int($params['scale'])) {
            $max = (string) count(explode(',', (string) $DB->get_field('scale', 'scale', ['id' => $params['scale']])));
        }
        grading::look_at_number($params['course'], $params['idnumber'], $checking);
        grading::look_at_pass($params['gradepass'], $max, $checking);
        grading::look_at_weight($params['weight'], $params['category'], $params['course'], $checking);
    }

    /**
     * Make it.
     *
     * @param array $params
     * @param work $work
     * @return array
     */
    public function run(array $params, work $work): array {
        $category = grade_category::fetch_course_category($params['course']);
        $item = new grade_item(['courseid' => $params['course'], 'itemtype' => 'manual'], false);
        $item->itemname = $params['name'];
        $item->idnumber = $params['idnumber'];
        $item->categoryid = $params['category'] ?? $category->id;
        $item->gradetype = $params['scale'] === null ? GRADE_TYPE_VALUE : GRADE_TYPE_SCALE;
        $item->scaleid = $params['scale'];
        $item->grademax = $params['grademax'];
        $item->gradepass = $params['gradepass'] === '' ? 0 : $params['gradepass'];
        $item->aggregationcoef = $params['weight'] === '' ? 0 : $params['weight'];
        if ($params['scale'] !== null) {
            $item->load_scale(); // Sets the highest and the lowest grade.
        }
        return ['id' => (int) $item->insert(), 'name' => $params['name']];
    }

    /**
     * Categories of grades are kept for the session.
     *
     * @param array $params
     * @param array $results
     */
    public function refresh(array $params, array $results): void {
        cache_helper::purge_by_event('changesingradecategories');
    }

    /**
     * Whether somebody was graded, or changed it.
     *
     * @param array $params
     * @param array $results
     * @param int $since
     * @param work $work
     * @return change|null
     */
    public function changed(array $params, array $results, int $since, work $work): ?change {
        global $DB;

        $row = $DB->get_record('grade_items', ['id' => $results['id']]);
        if (!$row) {
            return null;
        }
        $graded = $DB->get_records_select('grade_grades', 'itemid = ? AND finalgrade IS NOT NULL', [$row->id], 'timemodified DESC', '*', 0, 1);
        $grade = reset($graded);
        if ($grade) {
            return new change($params['name'], (int) $grade->timemodified, (int) $grade->usermodified);
        }
        return $row->itemname === $params['name'] ? null : new change($params['name'], (int) $row->timemodified);
    }

    /**
     * Delete it.
     *
     * @param array $params
     * @param array $results
     * @param work $work
     */
    public function undo(array $params, array $results, work $work): void {
        $item = grade_item::fetch(['id' => $results['id']]);
        if ($item) {
            $item->delete('aggregation');
        }
    }
}
