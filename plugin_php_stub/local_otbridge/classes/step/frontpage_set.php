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
 * Step: how the front page lists the courses.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\step;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->dirroot . '/course/lib.php');

use cache_helper;
use context_course;
use local_otbridge\checking;
use local_otbridge\field;
use local_otbridge\policy;
use local_otbridge\scope;
use local_otbridge\setting_step;

/**
 * Takes the grouping by categories off the front page, and sets the order of 3KL's showcase where the site has it. Core's own list
 * goes by the courses' numbers, category after category: an order that crosses categories is refused there.
 */
class frontpage_set extends setting_step {
    /** @var string[] the showcase's own orders, by ours (local_crw of 3KL 3.9.8) */
    const SHOWCASE = ['startdate' => '30', 'timecreated' => '20', 'fullname' => '70'];
    /** @var string[] all of its orders */
    const ORDERS = ['10', '20', '30', '40', '50', '60', '70'];
    /** @var string[] what the front page's lists are set in: for guests, and for people who logged in */
    const LISTS = ['frontpage', 'frontpageloggedin'];

    /**
     * Parameters.
     *
     * @return field[]
     */
    public function schema(): array {
        return [
            'by' => field::choice(['startdate', 'fullname', 'shortname', 'idnumber', 'timecreated']),
            'descending' => field::bool()->default(false),
        ];
    }

    /**
     * Results.
     *
     * @return string[]
     */
    public function results(): array {
        return ['changed' => 'bool', 'showcase' => 'bool', 'url' => 'text'];
    }

    /**
     * Capabilities.
     *
     * @return string[]
     */
    public function needs(): array {
        return ['moodle/course:update'];
    }

    /**
     * Capabilities in their contexts: those that the page of these settings asks for.
     *
     * @param array $params
     * @param scope $scope
     * @return array
     */
    public function capabilities(array $params, scope $scope): array {
        return [['moodle/course:update', context_course::instance(SITEID)]];
    }

    /**
     * Settings of the whole site.
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
        if (policy::categories()) {
            $checking->fault('', 'categorynotallowed', ['id' => 0]);
        }
        if (!$checking->claim('frontpage', '')) {
            $checking->fault('', 'elementtwice', ['element' => 'frontpage']);
        }
        if (self::has_showcase()) {
            if (!isset(self::SHOWCASE[$params['by']])) {
                $checking->fault('by', 'paramchoice', [
                    'value' => $params['by'], 'choices' => implode(', ', array_keys(self::SHOWCASE)),
                ]);
            }
            return;
        }
        $this->look_for_crossing($params, $checking);
    }

    /**
     * Look whether the order would cross categories.
     *
     * @param array $params
     * @param checking $checking
     */
    private function look_for_crossing(array $params, checking $checking): void {
        global $DB;

        $sql = "SELECT c.id, c.fullname, c.category, c.{$params['by']} AS sortby FROM {course} c
                  JOIN {course_categories} t ON t.id = c.category
                 WHERE c.visible = 1 AND t.visible = 1 ORDER BY t.sortorder";
        $categories = [];
        foreach ($DB->get_records_sql($sql) as $course) {
            $categories[$course->category][] = $course;
        }
        $times = in_array($params['by'], ['startdate', 'timecreated'], true);
        $compare = static function ($one, $other) use ($times, $params) {
            $found = $times ? (int) $one->sortby <=> (int) $other->sortby : strnatcasecmp((string) $one->sortby, (string) $other->sortby);
            return $params['descending'] ? -$found : $found;
        };
        $last = null;
        foreach ($categories as $courses) {
            usort($courses, $compare);
            if ($last !== null && $compare($last, $courses[0]) > 0) {
                $checking->fault('by', 'frontpagecategories', ['first' => $last->fullname, 'second' => $courses[0]->fullname]);
                return;
            }
            $last = end($courses);
        }
    }

    /**
     * Whether 3KL's showcase lists the courses.
     *
     * @return bool
     */
    private static function has_showcase(): bool {
        return (bool) get_config('local_crw', 'version');
    }

    /**
     * The site.
     *
     * @param array $params
     * @return array
     */
    protected function target(array $params): array {
        return ['showcase' => self::has_showcase()];
    }

    /**
     * The settings, out of the database.
     *
     * @param array $target
     * @return array|null
     */
    protected function state(array $target): ?array {
        global $DB;

        $state = [];
        foreach (self::LISTS as $name) {
            $state[$name] = self::text($DB->get_field('config', 'value', ['name' => $name]) ?: '');
        }
        if ($target['showcase']) {
            foreach (['course_sort_type', 'course_sort_types', 'course_sort_direction'] as $name) {
                $found = $DB->get_field('config_plugins', 'value', ['plugin' => 'local_crw', 'name' => $name]);
                $state["local_crw/$name"] = $found === false ? null : (string) $found;
            }
        }
        return $state;
    }

    /**
     * All courses in one list.
     *
     * @param array $params
     * @param array $target
     * @param array $before
     * @return array
     */
    protected function wanted(array $params, array $target, array $before): array {
        if ($target['showcase']) {
            $order = self::SHOWCASE[$params['by']];
            $offered = $before['local_crw/course_sort_types'] ?? implode(',', self::ORDERS);
            $behind = array_filter(explode(',', $offered), static function ($one) use ($order) {
                return (int) $one > (int) $order;
            });
            return [
                'local_crw/course_sort_type' => $order,
                // The showcase takes the first of those that it offers, whatever the default is said to be.
                'local_crw/course_sort_types' => implode(',', array_merge([$order], $behind)),
                'local_crw/course_sort_direction' => $params['descending'] ? 'DESC' : 'ASC',
            ] + $before;
        }
        foreach (self::LISTS as $name) {
            $grouped = [FRONTPAGECATEGORYNAMES, FRONTPAGECATEGORYCOMBO];
            $shown = array_map(static function ($one) use ($grouped) {
                return in_array($one, $grouped, true) ? FRONTPAGEALLCOURSELIST : $one;
            }, array_filter(explode(',', (string) $before[$name]), 'strlen'));
            if (!in_array(FRONTPAGEALLCOURSELIST, $shown, true)) {
                $shown[] = FRONTPAGEALLCOURSELIST;
            }
            $before[$name] = implode(',', array_unique($shown));
        }
        return $before;
    }

    /**
     * Set them.
     *
     * @param array $target
     * @param array $state
     */
    protected function put(array $target, array $state): void {
        foreach ($state as $name => $value) {
            $parts = explode('/', $name);
            set_config(end($parts), $value, count($parts) > 1 ? $parts[0] : null);
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
        return ['showcase' => $target['showcase'], 'url' => (new \moodle_url('/', ['redirect' => 0]))->out(false)];
    }

    /**
     * Settings that another process read before the commit stay in its cache.
     *
     * @param array $params
     * @param array $results
     */
    public function refresh(array $params, array $results): void {
        cache_helper::invalidate_by_definition('core', 'config', [], ['core', 'local_crw']);
    }
}
