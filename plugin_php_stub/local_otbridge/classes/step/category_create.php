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
 * Step: a new category of courses.
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
use core_course_category;
use local_otbridge\change;
use local_otbridge\changes;
use local_otbridge\checking;
use local_otbridge\field;
use local_otbridge\policy;
use local_otbridge\reference;
use local_otbridge\refusal;
use local_otbridge\scope;
use local_otbridge\step;
use local_otbridge\work;

/**
 * Makes a category.
 */
class category_create extends step {
    /**
     * Parameters.
     *
     * @return field[]
     */
    public function schema(): array {
        return [
            'parent' => field::record('category')->default(null),
            'name' => field::text(255)->filled(),
            'idnumber' => field::text(100)->default(''),
            'descriptionhtml' => field::html()->default(''),
            'visible' => field::bool()->default(true),
        ];
    }

    /**
     * Results.
     *
     * @return string[]
     */
    public function results(): array {
        return ['id' => 'category', 'name' => 'text', 'url' => 'text'];
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
        return [['moodle/category:manage', $this->place($params, $scope)]];
    }

    /**
     * Where it will be.
     *
     * @param array $params
     * @param scope $scope
     * @return \context|null
     */
    public function place(array $params, scope $scope): ?\context {
        return $params['parent'] === null ? context_system::instance() : $scope->context('category', $params['parent']);
    }

    /**
     * One ID number, one category.
     *
     * @param array $params
     * @return string[]
     */
    public function locks(array $params): array {
        return ['categories'];
    }

    /**
     * Look for faults. Core takes a second category of the same name.
     *
     * @param array $params
     * @param checking $checking
     */
    public function check(array $params, checking $checking): void {
        global $DB;

        $parent = $params['parent'];
        if ($parent === null && policy::categories()) {
            $checking->fault('parent', 'categorynotallowed', ['id' => 0]);
        }
        $name = $params['name'];
        $where = $parent instanceof reference ? $parent->label : (int) $parent;
        if (is_string($name)) {
            $taken = is_int($where) && $DB->record_exists('course_categories', ['parent' => $where, 'name' => $name]);
            if ($taken || !$checking->claim("category.name.$where", $name)) {
                $checking->fault('name', 'categorynametaken', ['name' => $name]);
            }
        }
        $number = $params['idnumber'];
        if (is_string($number) && $number !== '') {
            $taken = $DB->record_exists('course_categories', ['idnumber' => $number]);
            if ($taken || !$checking->claim('category.idnumber', $number)) {
                $checking->fault('idnumber', 'idnumbertaken', ['idnumber' => $number]);
            }
        }
    }

    /**
     * Make it.
     *
     * @param array $params
     * @param work $work
     * @return array
     */
    public function run(array $params, work $work): array {
        $made = core_course_category::create((object) [
            'parent' => (int) $params['parent'], 'name' => $params['name'], 'idnumber' => $params['idnumber'],
            'description' => $params['descriptionhtml'], 'descriptionformat' => FORMAT_HTML, 'visible' => (int) $params['visible'],
        ]);
        $url = new \moodle_url('/course/index.php', ['categoryid' => $made->id]);
        return ['id' => (int) $made->id, 'name' => $params['name'], 'url' => $url->out(false)];
    }

    /**
     * Lists of categories.
     *
     * @param array $params
     * @param array $results
     */
    public function refresh(array $params, array $results): void {
        cache_helper::purge_by_event('changesincoursecat');
        cache_helper::purge_by_event('changesincourse');
    }

    /**
     * Whether somebody changed it since, or put something there.
     *
     * @param array $params
     * @param array $results
     * @param int $since
     * @param work $work
     * @return change|null
     */
    public function changed(array $params, array $results, int $since, work $work): ?change {
        global $DB;

        $course = $DB->get_records_select('course', 'category = ? AND timecreated > ?', [$results['id'], $since], 'id', '*', 0, 1);
        foreach ($course as $row) {
            return new change($row->shortname, (int) $row->timecreated);
        }
        return changes::in_row('course_categories', $results['id'], 'timemodified', $since);
    }

    /**
     * Delete it, unless there is something in it.
     *
     * @param array $params
     * @param array $results
     * @param work $work
     */
    public function undo(array $params, array $results, work $work): void {
        global $DB;

        $category = core_course_category::get($results['id'], IGNORE_MISSING, true);
        if (!$category) {
            return;
        }
        $full = $DB->record_exists('course', ['category' => $category->id])
            || $DB->record_exists('course_categories', ['parent' => $category->id]);
        if ($full) {
            throw new refusal('categorynotempty', ['name' => $results['name']]);
        }
        $category->delete_full(false);
    }
}
