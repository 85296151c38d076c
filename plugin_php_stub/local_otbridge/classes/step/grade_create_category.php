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
 * Step: a category of grades.
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
use local_otbridge\change;
use local_otbridge\checking;
use local_otbridge\field;
use local_otbridge\grading;
use local_otbridge\refusal;
use local_otbridge\scope;
use local_otbridge\step;
use local_otbridge\work;

/**
 * Makes a category of grades, with the site's defaults.
 */
class grade_create_category extends step {
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
            'parent' => field::record('gradecategory')->default(null),
            'aggregation' => field::choice(array_keys(grading::AGGREGATIONS))->default('mean'),
            'onlygraded' => field::bool()->default(true),
            'grademax' => field::decimal('0.00001', '1000000')->default(''),
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
        return ['id' => 'gradecategory', 'item' => 'gradeitem', 'name' => 'text'];
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

        $course = $params['course'];
        $taken = is_int($course) && $DB->record_exists('grade_categories', ['courseid' => $course, 'fullname' => $params['name']]);
        if ($taken || !$checking->claim("gradecategory.$course", (string) $params['name'])) {
            $checking->fault('name', 'gradecategorytaken', ['name' => $params['name']]);
        }
        if (is_int($params['parent'])
                && (int) $DB->get_field('grade_categories', 'courseid', ['id' => $params['parent']]) !== $course) {
            $checking->fault('parent', 'othercourse', ['id' => $params['parent']]);
        }
        grading::look_at_number($course, $params['idnumber'], $checking);
        grading::look_at_pass($params['gradepass'], $params['grademax'] === '' ? '100' : $params['grademax'], $checking);
        grading::look_at_weight($params['weight'], $params['parent'], $course, $checking);
    }

    /**
     * Make it.
     *
     * @param array $params
     * @param work $work
     * @return array
     */
    public function run(array $params, work $work): array {
        $category = new grade_category(['courseid' => $params['course']], false);
        $category->apply_default_settings();
        $category->apply_forced_settings();
        $category->fullname = $params['name'];
        $category->aggregation = grading::AGGREGATIONS[$params['aggregation']];
        $category->aggregateonlygraded = (int) $params['onlygraded'];
        $category->parent = $params['parent'] ?? grade_category::fetch_course_category($params['course'])->id;
        $category->insert();
        $item = $category->load_grade_item();
        $item->idnumber = $params['idnumber'];
        $item->grademax = $params['grademax'] === '' ? 100 : $params['grademax'];
        $item->gradepass = $params['gradepass'] === '' ? 0 : $params['gradepass'];
        $item->aggregationcoef = $params['weight'] === '' ? $item->aggregationcoef : $params['weight'];
        $item->update();
        return ['id' => (int) $category->id, 'item' => (int) $item->id, 'name' => $params['name']];
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
     * Whether somebody changed it since.
     *
     * @param array $params
     * @param array $results
     * @param int $since
     * @param work $work
     * @return change|null
     */
    public function changed(array $params, array $results, int $since, work $work): ?change {
        global $DB;

        $row = $DB->get_record('grade_categories', ['id' => $results['id']]);
        $same = !$row || ($row->fullname === $params['name']
            && (int) $row->aggregation === grading::AGGREGATIONS[$params['aggregation']]);
        return $same ? null : new change($params['name'], (int) $row->timemodified);
    }

    /**
     * Delete it; core would move what somebody put there.
     *
     * @param array $params
     * @param array $results
     * @param work $work
     */
    public function undo(array $params, array $results, work $work): void {
        global $DB;

        $category = grade_category::fetch(['id' => $results['id']]);
        if (!$category) {
            return;
        }
        if ($DB->record_exists('grade_items', ['categoryid' => $category->id])
                || $DB->record_exists('grade_categories', ['parent' => $category->id])) {
            throw new refusal('categorynotempty', ['name' => $params['name']]);
        }
        $category->delete();
    }
}
