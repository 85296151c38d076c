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
 * Step: how an element, a category or the whole course is graded.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\step;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->libdir . '/gradelib.php');

use cache_helper;
use context_course;
use grade_category;
use grade_item;
use local_otbridge\checking;
use local_otbridge\elements;
use local_otbridge\field;
use local_otbridge\grading;
use local_otbridge\scope;
use local_otbridge\setting_step;

/**
 * Sets what is ordered of an item of grades, and leaves the rest.
 */
class grade_set extends setting_step {
    /**
     * Parameters.
     *
     * @return field[]
     */
    public function schema(): array {
        return [
            'course' => field::record('course'),
            'element' => elements::field()->default(null),
            'item' => field::record('gradeitem')->default(null),
            'total' => field::bool()->default(false),
            'idnumber' => field::text(100)->default(''),
            'category' => field::record('gradecategory')->default(null),
            'weight' => field::decimal('0', '1000000')->default(''),
            'gradepass' => field::decimal('0', '1000000')->default(''),
            'grademax' => field::decimal('0.00001', '1000000')->default(''),
            'hidden' => field::bool()->default(null),
            'formula' => field::text(2000)->default(''),
            'aggregation' => field::choice(array_keys(grading::AGGREGATIONS))->default(''),
            'onlygraded' => field::bool()->default(null),
        ];
    }

    /**
     * Results.
     *
     * @return string[]
     */
    public function results(): array {
        return ['changed' => 'bool', 'item' => 'gradeitem'];
    }

    /**
     * Capabilities.
     *
     * @return string[]
     */
    public function needs(): array {
        return ['moodle/grade:manage', 'moodle/course:manageactivities'];
    }

    /**
     * Capabilities in their contexts.
     *
     * @param array $params
     * @param scope $scope
     * @return array
     */
    public function capabilities(array $params, scope $scope): array {
        $context = $scope->context('course', $params['course']);
        $asked = [['moodle/grade:manage', $context]];
        return $params['element'] === null ? $asked : array_merge($asked, [['moodle/course:manageactivities', $context]]);
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
        $course = $params['course'];
        if (count(array_filter([$params['element'] !== null, $params['item'] !== null, $params['total'] === true])) !== 1) {
            $checking->fault('element', 'elementnamed');
            return;
        }
        $row = null;
        if ($params['element'] !== null) {
            $key = elements::look($course, $params['element'], 'element', $checking);
            if ($key === null) {
                return;
            }
            $cm = elements::row($key);
            $row = $cm === null ? null : elements::item($cm);
            if ($cm !== null && $row === null) {
                $checking->fault('element', 'completionnograde', ['element' => elements::name($cm), 'type' => $cm->modname]);
                return;
            }
            $checking->plan('gradepass', $key, $params['gradepass'] === '' ? ($row->gradepass ?? '0') : $params['gradepass']);
        } else {
            $row = $this->known_item($params);
            $key = $params['total'] === true ? 'total' . $course
                : (is_int($params['item']) ? 'item' . $params['item'] : (string) $params['item']);
            if (is_int($params['item']) && $row !== null && (int) $row->courseid !== $course) {
                $checking->fault('item', 'othercourse', ['id' => $params['item']]);
                return;
            }
        }
        if (!$checking->claim('grade', $key)) {
            $checking->fault('element', 'elementtwice', ['element' => $key]);
        }
        $this->check_values($params, $row, $checking);
    }

    /**
     * The item, where it is there already.
     *
     * @param array $params
     * @return \stdClass|null
     */
    private function known_item(array $params): ?\stdClass {
        global $DB;

        if ($params['total'] === true) {
            $where = ['courseid' => is_int($params['course']) ? $params['course'] : 0, 'itemtype' => 'course'];
            return $DB->get_record('grade_items', $where) ?: null;
        }
        return is_int($params['item']) ? ($DB->get_record('grade_items', ['id' => $params['item']]) ?: null) : null;
    }

    /**
     * Look at what is to be set.
     *
     * @param array $params
     * @param \stdClass|null $row
     * @param checking $checking
     */
    private function check_values(array $params, ?\stdClass $row, checking $checking): void {
        global $DB;

        $course = $params['course'];
        $sum = $params['total'] === true || $row === null && $checking->planned($params['item'], 'grade.create_category') !== null
            || ($row !== null && in_array($row->itemtype, ['course', 'category'], true));
        foreach (['aggregation' => '', 'onlygraded' => null] as $name => $none) {
            if ($params[$name] !== $none && !$sum) {
                $checking->fault($name, 'gradenotsum', ['name' => $name]);
            }
        }
        if ($params['aggregation'] !== '' && $params['total'] === true) {
            $checking->plan('total', (string) $course, grading::AGGREGATIONS[$params['aggregation']]);
        }
        if ($params['grademax'] !== '' && $params['element'] !== null) {
            $checking->fault('grademax', 'gradenotsum', ['name' => 'grademax']);
        }
        if (is_int($params['category']) && (int) $DB->get_field('grade_categories', 'courseid', ['id' => $params['category']]) !== $course) {
            $checking->fault('category', 'othercourse', ['id' => $params['category']]);
        }
        if ($params['idnumber'] !== '' && $params['idnumber'] !== ($row->idnumber ?? null)) {
            grading::look_at_number($course, $params['idnumber'], $checking, (int) ($row->id ?? 0));
        }
        $max = $params['grademax'] !== '' ? $params['grademax'] : (string) ($row->grademax ?? '');
        $natural = $params['total'] === true && $params['grademax'] === '';
        grading::look_at_pass($params['gradepass'], $natural ? '' : $max, $checking);
        if ($params['weight'] !== '') {
            $parent = $params['category'] ?? (($row->itemtype ?? '') === 'category' ? null : ($row->categoryid ?? null));
            grading::look_at_weight($params['weight'], is_string($parent) ? (int) $parent : $parent, $course, $checking);
        }
        if ($params['formula'] !== '') {
            $this->check_formula($params, $row, $checking);
        }
    }

    /**
     * Look at the formula. Grades that were entered would be lost under it.
     *
     * @param array $params
     * @param \stdClass|null $row
     * @param checking $checking
     */
    private function check_formula(array $params, ?\stdClass $row, checking $checking): void {
        global $DB;

        if ($params['element'] !== null) {
            $checking->fault('formula', 'gradenotsum', ['name' => 'formula']);
            return;
        }
        $entered = $row !== null && $row->itemtype === 'manual'
            && $DB->record_exists_select('grade_grades', 'itemid = ? AND finalgrade IS NOT NULL', [$row->id]);
        if ($entered && (string) $row->calculation === '') {
            $checking->fault('formula', 'gradesentered', ['name' => $row->itemname]);
        }
        $planned = $checking->planned($params['item'], 'grade.create_category') ?? $checking->planned($params['item'], 'grade.create_item');
        $number = $planned['idnumber'] ?? '';
        $self = $row !== null ? "item$row->id" : ($number === '' ? 'self' : "idnumber:$number");
        grading::look_at_formula($params['course'], $params['formula'], $self, 'formula', $checking);
    }

    /**
     * The item, its category where it is a sum, and what is set of them.
     *
     * @param array $params
     * @return array
     */
    protected function target(array $params): array {
        if ($params['element'] !== null) {
            $cm = elements::row('cm' . elements::find($params['course'], $params['element']));
            $id = (int) elements::item($cm)->id;
        } else if ($params['total']) {
            grade_category::fetch_course_category($params['course']);
            $id = (int) grade_item::fetch_course_item($params['course'])->id;
        } else {
            $id = $params['item'];
        }
        $item = grade_item::fetch(['id' => $id]);
        $sum = in_array($item->itemtype, ['course', 'category'], true);
        $fields = [];
        foreach (['idnumber' => 'idnumber', 'gradepass' => 'gradepass', 'grademax' => 'grademax', 'weight' => 'aggregationcoef',
                'formula' => 'calculation'] as $name => $field) {
            $fields = $params[$name] === '' ? $fields : array_merge($fields, [$field]);
        }
        $fields = $params['hidden'] === null ? $fields : array_merge($fields, ['hidden']);
        $fields = $params['category'] === null || $sum ? $fields : array_merge($fields, ['categoryid']);
        if ($params['aggregation'] !== '' && !in_array('grademax', $fields, true)) {
            $fields[] = 'grademax'; // What a sum leaves behind is no highest grade of a mean.
        }
        $own = array_keys(array_filter([
            'aggregation' => $params['aggregation'] !== '', 'aggregateonlygraded' => $params['onlygraded'] !== null,
            'parent' => $params['category'] !== null && $sum,
        ]));
        return [
            'course' => (int) $item->courseid, 'item' => $id, 'fields' => $fields, 'category' => $sum ? (int) $item->iteminstance : 0,
            'own' => $sum ? $own : [], 'cm' => isset($cm) ? (int) $cm->id : 0,
        ];
    }

    /**
     * What is set.
     *
     * @param array $target
     * @return array|null
     */
    protected function state(array $target): ?array {
        $item = self::row('grade_items', $target['item'], array_merge(['id', 'itemtype'], $target['fields']));
        $own = $target['own'] ? self::row('grade_categories', $target['category'], $target['own']) : [];
        if ($item === null || $own === null) {
            return null;
        }
        unset($item['id'], $item['itemtype']);
        if (($own['aggregation'] ?? '') === (string) grading::AGGREGATIONS['natural']) {
            unset($item['grademax']); // Worked out from what is summed up.
        }
        return $item + $own;
    }

    /**
     * What is ordered.
     *
     * @param array $params
     * @param array $target
     * @param array $before
     * @return array
     */
    protected function wanted(array $params, array $target, array $before): array {
        $values = [
            'idnumber' => $params['idnumber'], 'gradepass' => self::number($params['gradepass']),
            'grademax' => self::number($params['grademax'] === '' ? '100' : $params['grademax']),
            'aggregationcoef' => self::number($params['weight']), 'hidden' => (string) (int) $params['hidden'],
            'calculation' => grade_item::normalize_formula($params['formula'], $target['course']),
            'categoryid' => self::text($params['category']), 'parent' => self::text($params['category']),
            'aggregation' => self::text(grading::AGGREGATIONS[$params['aggregation']] ?? null),
            'aggregateonlygraded' => (string) (int) $params['onlygraded'],
        ];
        $wanted = array_intersect_key($values, array_flip(array_merge($target['fields'], $target['own'])));
        if (($wanted['aggregation'] ?? '') === (string) grading::AGGREGATIONS['natural']) {
            unset($wanted['grademax']);
        }
        return $wanted;
    }

    /**
     * Set it; grades are worked out at the next look at them.
     *
     * @param array $target
     * @param array $state
     */
    protected function put(array $target, array $state): void {
        global $DB;

        $own = array_intersect_key($state, array_flip($target['own']));
        if ($own) {
            $category = grade_category::fetch(['id' => $target['category']]);
            if (isset($own['parent']) && (int) $category->parent !== (int) $own['parent']) {
                $category->set_parent((int) $own['parent']);
            }
            $category->aggregation = $own['aggregation'] ?? $category->aggregation;
            $category->aggregateonlygraded = $own['aggregateonlygraded'] ?? $category->aggregateonlygraded;
            $category->update();
        }
        $item = grade_item::fetch(['id' => $target['item']]);
        $set = array_diff_key($state, $own);
        if (isset($set['categoryid']) && (int) $item->categoryid !== (int) $set['categoryid']) {
            $item->set_parent((int) $set['categoryid'], false);
        }
        unset($set['categoryid']);
        foreach ($set as $name => $value) {
            $item->$name = $value;
        }
        if (array_key_exists('calculation', $set)) {
            $item->calculation_normalized = true;
        }
        $item->update();
        $item->force_regrading();
        if ($target['cm'] && isset($set['idnumber'])) {
            $DB->set_field('course_modules', 'idnumber', $set['idnumber'], ['id' => $target['cm']]);
            rebuild_course_cache($target['course'], true);
        }
    }

    /**
     * What it returns beside `changed`.
     *
     * @param array $params
     * @param array $target
     * @return array
     */
    protected function told(array $params, array $target): array {
        return ['item' => $target['item']];
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
     * The course's log.
     *
     * @param array $target
     * @return \context|null
     */
    protected function logged(array $target): ?\context {
        return context_course::instance($target['course'], IGNORE_MISSING) ?: null;
    }

    /**
     * A decimal as the database writes it.
     *
     * @param string $value
     * @return string
     */
    private static function number(string $value): string {
        return number_format((float) $value, 5, '.', '');
    }
}
