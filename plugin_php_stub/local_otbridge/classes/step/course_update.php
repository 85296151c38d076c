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
 * Step: settings of a course that is there.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\step;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->dirroot . '/course/lib.php');

use context_course;
use local_otbridge\checking;
use local_otbridge\field;
use local_otbridge\scope;
use local_otbridge\setting_step;

/**
 * Switches the tracking of completion, and the learners' own look at their grades, on or off.
 */
class course_update extends setting_step {
    /** @var string[] field of the course, by parameter */
    const FIELDS = ['completion' => 'enablecompletion', 'showgrades' => 'showgrades'];
    /** @var string whether a course shows the conditions of completion; since 3.11 */
    const SHOWN = 'showcompletionconditions';

    /**
     * Parameters.
     *
     * @return field[]
     */
    public function schema(): array {
        return [
            'course' => field::record('course'),
            'completion' => field::bool()->default(null),
            'showgrades' => field::bool()->default(null),
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
     * Look for faults: a course keeps no completion where the site does not.
     *
     * @param array $params
     * @param checking $checking
     */
    public function check(array $params, checking $checking): void {
        global $CFG;

        if ($params['completion'] === true && empty($CFG->enablecompletion)) {
            $checking->fault('completion', 'completionoffsite');
        }
        if (is_bool($params['completion'])) {
            $checking->plan('course.completion', (string) $params['course'], $params['completion']);
        }
    }

    /**
     * Whether a course will keep completion when a step of the program runs.
     *
     * @param int|reference $course
     * @param checking $checking
     * @return bool
     */
    public static function tracks($course, checking $checking): bool {
        global $CFG, $DB;

        if (empty($CFG->enablecompletion)) {
            return false;
        }
        $planned = $checking->plans('course.completion')[(string) $course] ?? null;
        if ($planned !== null) {
            return $planned;
        }
        return (bool) (is_int($course) ? $DB->get_field('course', 'enablecompletion', ['id' => $course])
            : get_config('moodlecourse', 'enablecompletion'));
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
     * Its settings.
     *
     * @param array $target
     * @return array|null
     */
    protected function state(array $target): ?array {
        global $DB;

        $known = $DB->get_columns('course');
        $fields = array_merge(array_values(self::FIELDS), isset($known[self::SHOWN]) ? [self::SHOWN] : []);
        return self::row('course', $target['course'], $fields);
    }

    /**
     * What was ordered, and the rest as it is.
     *
     * @param array $params
     * @param array $target
     * @param array $before
     * @return array
     */
    protected function wanted(array $params, array $target, array $before): array {
        foreach (self::FIELDS as $name => $field) {
            $before[$field] = $params[$name] === null ? $before[$field] : (string) (int) $params[$name];
        }
        return $before;
    }

    /**
     * Set them; core's function writes the event and empties the caches. It forgets whether conditions of completion are shown when
     * tracking goes off.
     *
     * @param array $target
     * @param array $state
     */
    protected function put(array $target, array $state): void {
        global $DB;

        update_course((object) (['id' => $target['course']] + $state));
        if (array_key_exists(self::SHOWN, $state)) {
            $DB->set_field('course', self::SHOWN, $state[self::SHOWN], ['id' => $target['course']]);
        }
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
