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
 * Step: the order of courses in their categories.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\step;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->dirroot . '/course/lib.php');

use cache_helper;
use context_system;
use core_collator;
use local_otbridge\checking;
use local_otbridge\field;
use local_otbridge\policy;
use local_otbridge\scope;
use local_otbridge\setting_step;

/**
 * Sorts courses once, as the page of course management does; core knows no order by start date.
 */
class category_sort_courses extends setting_step {
    /**
     * Parameters.
     *
     * @return field[]
     */
    public function schema(): array {
        return [
            'category' => field::record('category')->default(null),
            'by' => field::choice(['startdate', 'fullname', 'shortname', 'idnumber', 'timecreated']),
            'descending' => field::bool()->default(false),
            'subcategories' => field::bool()->default(true),
        ];
    }

    /**
     * Results.
     *
     * @return string[]
     */
    public function results(): array {
        return ['changed' => 'bool', 'courses' => 'int', 'categories' => 'int'];
    }

    /**
     * Capabilities.
     *
     * @return string[]
     */
    public function needs(): array {
        return ['moodle/category:manage'];
    }

    /**
     * Capabilities in their contexts.
     *
     * @param array $params
     * @param scope $scope
     * @return array
     */
    public function capabilities(array $params, scope $scope): array {
        $context = $params['category'] === null ? context_system::instance() : $scope->context('category', $params['category']);
        return [['moodle/category:manage', $context]];
    }

    /**
     * Core numbers all courses of the site.
     *
     * @param array $params
     * @return string[]
     */
    public function locks(array $params): array {
        return ['courseorder'];
    }

    /**
     * Look for faults.
     *
     * @param array $params
     * @param checking $checking
     */
    public function check(array $params, checking $checking): void {
        if ($params['category'] === null && policy::categories()) {
            $checking->fault('category', 'categorynotallowed', ['id' => 0]);
        }
        if (!$checking->claim('courseorder', (string) $params['category'])) {
            $checking->fault('category', 'elementtwice', ['element' => (string) $params['category']]);
        }
    }

    /**
     * Courses, by the categories whose courses are sorted.
     *
     * @param array $params
     * @return array
     */
    protected function target(array $params): array {
        global $DB;

        $id = (int) $params['category'];
        $below = $DB->sql_like('path', '?');
        $path = $id ? $DB->get_field('course_categories', 'path', ['id' => $id], MUST_EXIST) : '';
        $ids = $params['subcategories'] ? $DB->get_fieldset_select('course_categories', 'id', $below, ["$path/%"]) : [];
        $found = [];
        foreach (array_filter(array_merge([$id], array_map('intval', $ids))) as $category) {
            $courses = $DB->get_fieldset_select('course', 'id', 'category = ?', [$category]);
            if ($courses) {
                $found[$category] = array_map('intval', $courses);
            }
        }
        return ['courses' => $found];
    }

    /**
     * The order in each category, of the courses that were sorted.
     *
     * @param array $target
     * @return array|null
     */
    protected function state(array $target): ?array {
        $state = [];
        foreach ($target['courses'] as $category => $ids) {
            $state[$category] = implode(',', array_keys(self::numbers((int) $category, $ids)));
        }
        return $state;
    }

    /**
     * The ordered order; what is equal goes by its name.
     *
     * @param array $params
     * @param array $target
     * @param array $before
     * @return array
     */
    protected function wanted(array $params, array $target, array $before): array {
        global $DB;

        foreach ($target['courses'] as $category => $ids) {
            [$in, $values] = $DB->get_in_or_equal($ids);
            $courses = $DB->get_records_select('course', "id $in", $values, '', "id, fullname, {$params['by']} AS sortby");
            core_collator::asort_objects_by_property($courses, 'fullname', core_collator::SORT_NATURAL);
            $place = array_flip(array_keys($courses));
            $times = in_array($params['by'], ['startdate', 'timecreated'], true);
            if ($times) {
                uasort($courses, static function ($one, $other) use ($place) {
                    return [(int) $one->sortby, $place[$one->id]] <=> [(int) $other->sortby, $place[$other->id]];
                });
            } else {
                core_collator::asort_objects_by_property($courses, 'sortby', core_collator::SORT_NATURAL);
            }
            $order = array_keys($courses);
            $before[$category] = implode(',', $params['descending'] ? array_reverse($order) : $order);
        }
        return $before;
    }

    /**
     * Deal the same numbers out in another order.
     *
     * @param array $target
     * @param array $state
     */
    protected function put(array $target, array $state): void {
        global $DB;

        fix_course_sortorder();
        foreach ($state as $category => $order) {
            $ids = array_map('intval', explode(',', $order));
            $numbers = self::numbers((int) $category, $ids);
            $free = array_values($numbers);
            foreach (array_values(array_intersect($ids, array_keys($numbers))) as $index => $id) {
                $DB->set_field('course', 'sortorder', $free[$index], ['id' => $id]);
            }
        }
        fix_course_sortorder();
        cache_helper::purge_by_event('changesincourse');
    }

    /**
     * What it returns beside `changed`.
     *
     * @param array $params
     * @param array $target
     * @return array
     */
    protected function told(array $params, array $target): array {
        $count = array_sum(array_map('count', $target['courses']));
        return ['courses' => $count, 'categories' => count($target['courses'])];
    }

    /**
     * Lists of courses.
     *
     * @param array $params
     * @param array $results
     */
    public function refresh(array $params, array $results): void {
        cache_helper::purge_by_event('changesincourse');
    }

    /**
     * Numbers of courses that are still in a category, rising.
     *
     * @param int $category
     * @param int[] $ids
     * @return int[] by course
     */
    private static function numbers(int $category, array $ids): array {
        global $DB;

        [$in, $values] = $DB->get_in_or_equal($ids);
        $values[] = $category;
        $found = $DB->get_records_select_menu('course', "id $in AND category = ?", $values, 'sortorder, id', 'id, sortorder');
        return array_map('intval', $found);
    }
}
