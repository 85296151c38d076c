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
 * Step: when a course counts as completed.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\step;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->libdir . '/completionlib.php');
require_once($GLOBALS['CFG']->libdir . '/gradelib.php');

use context_course;
use local_otbridge\checking;
use local_otbridge\elements;
use local_otbridge\field;
use local_otbridge\scope;
use local_otbridge\setting_step;

/**
 * Sets criteria one by one. Core's way deletes everybody's completion of the course, and other courses' criteria that ask for it.
 */
class completion_set_criteria extends setting_step {
    /** @var int core's numbers of criteria: elements, and the course's grade */
    const ACTIVITY = 4;
    /** @var int */
    const GRADE = 6;

    /**
     * Parameters.
     *
     * @return field[]
     */
    public function schema(): array {
        return [
            'course' => field::record('course'),
            'elements' => field::items(elements::field(), 0, 300)->default([]),
            'gradepass' => field::decimal('0.00001', '1000000')->default(''),
            'match' => field::choice(['all', 'any'])->default('all'),
            'earlier' => field::choice(['refuse', 'replace', 'keep'])->default('refuse'),
        ];
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
     * Capabilities in their contexts.
     *
     * @param array $params
     * @param scope $scope
     * @return array
     */
    public function capabilities(array $params, scope $scope): array {
        return [['moodle/course:update', $scope->context('course', $params['course'])]];
    }

    /**
     * Completion of one course is set one after the other.
     *
     * @param array $params
     * @return string[]
     */
    public function locks(array $params): array {
        return ['access' . $params['course']];
    }

    /**
     * Look for faults.
     *
     * @param array $params
     * @param checking $checking
     */
    public function check(array $params, checking $checking): void {
        $course = $params['course'];
        if (!course_update::tracks($course, $checking)) {
            $checking->fault('course', 'completionoff');
        }
        if (!$params['elements'] && $params['gradepass'] === '') {
            $checking->fault('elements', 'conditionempty', ['type' => 'completion']);
        }
        if (!$checking->claim('criteria', (string) $course)) {
            $checking->fault('course', 'elementtwice', ['element' => 'completion']);
        }
        $keys = [];
        foreach ($params['elements'] as $index => $named) {
            $key = elements::look($course, $named, "elements[$index]", $checking);
            if ($key === null) {
                continue;
            }
            $cm = elements::row($key);
            $planned = $checking->plans('completion')[$key] ?? null;
            $tracked = $planned === null ? $cm !== null && (int) $cm->completion !== 0 : $planned['tracking'] !== 'none';
            $facts = ['element' => $cm === null ? $key : elements::name($cm)];
            if (!$tracked) {
                $checking->fault("elements[$index]", 'completionnone', $facts);
            }
            if (in_array($key, $keys, true)) {
                $checking->fault("elements[$index]", 'elementtwice', $facts);
            }
            $keys[] = $key;
        }
        if (is_int($course) && !preg_grep('/^cm\d/', $keys, PREG_GREP_INVERT) && count($keys) === count($params['elements'])) {
            $this->check_existing($params, $checking);
        }
    }

    /**
     * Look at what is there: criteria, and people who fulfilled them.
     *
     * @param array $params
     * @param checking $checking
     */
    private function check_existing(array $params, checking $checking): void {
        global $DB;

        $target = $this->target($params);
        $before = $this->state($target);
        $wanted = $this->wanted($params, $target, $before);
        if (self::same($before, $wanted)) {
            return;
        }
        if ($params['earlier'] === 'refuse' && array_diff_key(preg_grep('/^\{"criteriatype":"?(4|6)/', $before), $wanted)) {
            $checking->fault('earlier', 'criteriathere');
        }
        $people = $DB->count_records_select('course_completions', 'course = ? AND timecompleted IS NOT NULL', [$params['course']]);
        if ($people) {
            $checking->fault('course', 'criteriastarted', ['people' => $people]);
        }
    }

    /**
     * The course.
     *
     * @param array $params
     * @return array
     */
    protected function target(array $params): array {
        return ['course' => $params['course']];
    }

    /**
     * Its criteria and how they are put together, as JSON by what they are about.
     *
     * @param array $target
     * @return array|null
     */
    protected function state(array $target): ?array {
        global $DB;

        if (!$DB->record_exists('course', ['id' => $target['course']])) {
            return null;
        }
        $state = [];
        foreach ($DB->get_records('course_completion_criteria', ['course' => $target['course']], 'id') as $row) {
            $key = "criterion $row->criteriatype " . ($row->moduleinstance ?? $row->courseinstance ?? $row->role ?? '');
            $state[$key] = self::criterion((array) $row);
        }
        foreach ($DB->get_records('course_completion_aggr_methd', ['course' => $target['course']], 'id') as $row) {
            $state['method ' . (string) $row->criteriatype] = (string) $row->method;
        }
        return $state;
    }

    /**
     * A criterion as JSON.
     *
     * @param array $row
     * @return string
     */
    private static function criterion(array $row): string {
        $fields = ['criteriatype', 'module', 'moduleinstance', 'courseinstance', 'enrolperiod', 'timeend', 'gradepass', 'role'];
        $own = array_map([self::class, 'text'], array_merge(array_fill_keys($fields, null), array_intersect_key($row, array_flip($fields))));
        return json_encode($own, JSON_UNESCAPED_UNICODE);
    }

    /**
     * The ordered criteria, and those of other kinds as they are.
     *
     * @param array $params
     * @param array $target
     * @param array $before
     * @return array
     */
    protected function wanted(array $params, array $target, array $before): array {
        $kept = array_filter($before, static function ($key) use ($params) {
            return $params['earlier'] === 'keep' || !preg_match('/^criterion (4|6) /', $key);
        }, ARRAY_FILTER_USE_KEY);
        $wanted = [];
        foreach ($params['elements'] as $named) {
            $cm = elements::row('cm' . elements::find($target['course'], $named));
            $wanted['criterion ' . self::ACTIVITY . " $cm->id"] = self::criterion([
                'criteriatype' => self::ACTIVITY, 'module' => $cm->modname, 'moduleinstance' => $cm->id,
            ]);
        }
        if ($params['gradepass'] !== '') {
            $wanted['criterion ' . self::GRADE . ' '] = self::criterion([
                'criteriatype' => self::GRADE, 'gradepass' => number_format((float) $params['gradepass'], 5, '.', ''),
            ]);
        }
        $method = $params['match'] === 'all' ? '1' : '2';
        return $wanted + ['method ' => $method, 'method ' . self::ACTIVITY => $method] + $kept;
    }

    /**
     * Add what is missing, and take away what is too much.
     *
     * @param array $target
     * @param array $state
     */
    protected function put(array $target, array $state): void {
        global $DB;

        $course = $target['course'];
        foreach ($DB->get_records('course_completion_criteria', ['course' => $course]) as $row) {
            if (!in_array(self::criterion((array) $row), $state, true)) {
                $DB->delete_records('course_completion_crit_compl', ['criteriaid' => $row->id]);
                $DB->delete_records('course_completion_criteria', ['id' => $row->id]);
            }
        }
        $there = $this->state($target);
        foreach ($state as $key => $value) {
            if (strncmp($key, 'criterion ', 10) === 0 && !isset($there[$key])) {
                $DB->insert_record('course_completion_criteria', (object) (['course' => $course] + json_decode($value, true)));
            }
        }
        $DB->delete_records('course_completion_aggr_methd', ['course' => $course]);
        foreach ($state as $key => $value) {
            if (preg_match('/^method (\d*)\z/', $key, $found)) {
                $DB->insert_record('course_completion_aggr_methd', (object) [
                    'course' => $course, 'criteriatype' => $found[1] === '' ? null : $found[1], 'method' => $value,
                ]);
            }
        }
        \cache::make('core', 'completion')->purge();
        \cache::make('core', 'coursecompletion')->purge();
        \core\event\course_completion_updated::create(['courseid' => $course, 'context' => context_course::instance($course)])->trigger();
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
}
