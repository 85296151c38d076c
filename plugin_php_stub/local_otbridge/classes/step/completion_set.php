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
 * Step: when an element counts as completed.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\step;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->libdir . '/completionlib.php');
require_once($GLOBALS['CFG']->libdir . '/gradelib.php');

use completion_info;
use context_module;
use local_otbridge\change;
use local_otbridge\checking;
use local_otbridge\elements;
use local_otbridge\field;
use local_otbridge\restrictions;
use local_otbridge\scope;
use local_otbridge\setting_step;
use local_otbridge\work;
use stdClass;

/**
 * Sets the conditions of completion. Core's way to change them deletes all marks, and with them everybody's completion of a course
 * that counts the element: where people have marks, this is refused.
 */
class completion_set extends setting_step {
    /** @var int[] */
    const TRACKING = ['none' => 0, 'manual' => 1, 'automatic' => 2];

    /**
     * Parameters.
     *
     * @return field[]
     */
    public function schema(): array {
        return [
            'course' => field::record('course'),
            'element' => elements::field(),
            'tracking' => field::choice(array_keys(self::TRACKING)),
            'view' => field::bool()->default(false),
            'submit' => field::bool()->default(false),
            'grade' => field::bool()->default(false),
            'passgrade' => field::bool()->default(false),
        ];
    }

    /**
     * Results.
     *
     * @return string[]
     */
    public function results(): array {
        return ['changed' => 'bool', 'cmid' => 'cm'];
    }

    /**
     * Capabilities.
     *
     * @return string[]
     */
    public function needs(): array {
        return ['moodle/course:manageactivities'];
    }

    /**
     * Capabilities in their contexts.
     *
     * @param array $params
     * @param scope $scope
     * @return array
     */
    public function capabilities(array $params, scope $scope): array {
        return [['moodle/course:manageactivities', $scope->context('course', $params['course'])]];
    }

    /**
     * Restrictions of one course are looked at together.
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
        $key = elements::look($params['course'], $params['element'], 'element', $checking);
        $conditions = array_filter(['view', 'submit', 'grade', 'passgrade'], static function ($name) use ($params) {
            return $params[$name] === true;
        });
        if (($params['tracking'] === 'automatic') !== (bool) $conditions) {
            $checking->fault('tracking', 'completionconditions');
            return;
        }
        if ($params['tracking'] !== 'none' && !course_update::tracks($params['course'], $checking)) {
            $checking->fault('course', 'completionoff');
        }
        if ($key === null) {
            return;
        }
        if (!$checking->claim('completion', $key)) {
            $checking->fault('element', 'elementtwice', ['element' => $key]);
        }
        $planned = $checking->planned($params['element']['cm'], 'module.add');
        $cm = elements::row($key);
        $type = $cm->modname ?? $planned['type'] ?? '';
        if (is_string($type) && $type !== '') {
            $this->check_conditions($type, $params, $cm, $checking);
        }
        if ($cm !== null && $params['tracking'] === 'none' && restrictions::is_needed($cm)) {
            $checking->fault('tracking', 'completionneeded', ['element' => elements::name($cm)]);
        }
        if ($cm !== null) {
            $this->check_marks($cm, $params, $checking);
        }
        $checking->plan('completion', $key, [
            'tracking' => $params['tracking'], 'grade' => $params['grade'] === true || $params['passgrade'] === true,
        ]);
    }

    /**
     * Look whether a kind of activity has the conditions.
     *
     * @param string $type
     * @param array $params
     * @param stdClass|null $cm
     * @param checking $checking
     */
    private function check_conditions(string $type, array $params, ?stdClass $cm, checking $checking): void {
        global $DB;

        $facts = ['element' => $cm === null ? $type : elements::name($cm), 'type' => $type];
        if ($params['view'] === true && !plugin_supports('mod', $type, FEATURE_COMPLETION_TRACKS_VIEWS, false)) {
            $checking->fault('view', 'completionnoview', $facts);
        }
        $rule = elements::SUBMITTED[$type] ?? null;
        if ($params['submit'] === true && ($rule === null || !isset($DB->get_columns($type)[$rule]))) {
            $checking->fault('submit', 'completionnosubmit', $facts);
        }
        if ($params['grade'] !== true && $params['passgrade'] !== true) {
            return;
        }
        $item = $cm === null ? null : elements::item($cm);
        if (!plugin_supports('mod', $type, FEATURE_GRADE_HAS_GRADE, false) || ($cm !== null && $item === null)) {
            $checking->fault('grade', 'completionnograde', $facts);
            return;
        }
        if ($params['passgrade'] === true) {
            $pass = $item === null ? null : ($checking->plans('gradepass')['cm' . $cm->id] ?? $item->gradepass);
            if (!isset($DB->get_columns('course_modules')['completionpassgrade'])) {
                $checking->fault('passgrade', 'completionnopassgrade', $facts); // Before 4.0.
            } else if ($pass !== null && (float) $pass <= 0) {
                $checking->fault('passgrade', 'nogradepass', $facts);
            }
        }
    }

    /**
     * Look whether people have marks that a change would make worthless.
     *
     * @param stdClass $cm
     * @param array $params
     * @param checking $checking
     */
    private function check_marks(stdClass $cm, array $params, checking $checking): void {
        $target = self::target_of($cm);
        $before = $this->state($target);
        $people = self::marks((int) $cm->id);
        if ($people && !self::same($before, $this->wanted($params, $target, $before))) {
            $checking->fault('element', 'completionstarted', ['element' => elements::name($cm), 'people' => $people]);
        }
    }

    /**
     * How many people completed an element.
     *
     * @param int $cmid
     * @return int
     */
    private static function marks(int $cmid): int {
        global $DB;
        return $DB->count_records_select('course_modules_completion', 'coursemoduleid = ? AND completionstate <> 0', [$cmid]);
    }

    /**
     * The element.
     *
     * @param array $params
     * @return array
     */
    protected function target(array $params): array {
        $cm = elements::row('cm' . elements::find($params['course'], $params['element']));
        return self::target_of($cm);
    }

    /**
     * The ids of an element, and the field of its own rule.
     *
     * @param stdClass $cm
     * @return array
     */
    private static function target_of(stdClass $cm): array {
        global $DB;

        $rule = elements::SUBMITTED[$cm->modname] ?? '';
        return [
            'course' => (int) $cm->course, 'cm' => (int) $cm->id, 'type' => $cm->modname, 'instance' => (int) $cm->instance,
            'rule' => $rule !== '' && isset($DB->get_columns($cm->modname)[$rule]) ? $rule : '',
        ];
    }

    /**
     * Its conditions.
     *
     * @param array $target
     * @return array|null
     */
    protected function state(array $target): ?array {
        global $DB;

        $fields = ['completion', 'completionview', 'completiongradeitemnumber'];
        if (isset($DB->get_columns('course_modules')['completionpassgrade'])) {
            $fields[] = 'completionpassgrade';
        }
        $state = self::row('course_modules', $target['cm'], $fields);
        if ($state === null) {
            return null;
        }
        $rule = $target['rule'] === '' ? [] : self::row($target['type'], $target['instance'], [$target['rule']]);
        return $rule === null ? null : $state + $rule;
    }

    /**
     * The ordered conditions.
     *
     * @param array $params
     * @param array $target
     * @param array $before
     * @return array
     */
    protected function wanted(array $params, array $target, array $before): array {
        $wanted = [
            'completion' => (string) self::TRACKING[$params['tracking']], 'completionview' => (string) (int) $params['view'],
            'completiongradeitemnumber' => $params['grade'] || $params['passgrade'] ? '0' : null,
        ];
        if (array_key_exists('completionpassgrade', $before)) {
            $wanted['completionpassgrade'] = (string) (int) $params['passgrade'];
        }
        return $target['rule'] === '' ? $wanted : $wanted + [$target['rule'] => (string) (int) $params['submit']];
    }

    /**
     * Set them, and let Moodle look who fulfils them already.
     *
     * @param array $target
     * @param array $state
     */
    protected function put(array $target, array $state): void {
        global $DB;

        $rule = $target['rule'] === '' ? [] : [$target['rule'] => $state[$target['rule']]];
        $DB->update_record('course_modules', (object) (['id' => $target['cm']] + array_diff_key($state, $rule)));
        if ($rule) {
            $DB->update_record($target['type'], (object) (['id' => $target['instance']] + $rule));
        }
        rebuild_course_cache($target['course'], true);
        $course = get_course($target['course']);
        $cm = get_fast_modinfo($course)->get_cm($target['cm']);
        \core\event\course_module_updated::create_from_cm($cm)->trigger();
        $info = new completion_info($course);
        if ((int) $state['completion'] === self::TRACKING['automatic'] && $info->is_enabled($cm)) {
            foreach ($info->get_tracked_users() as $user) {
                $info->update_state($cm, COMPLETION_UNKNOWN, $user->id);
            }
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
        return ['cmid' => $target['cm']];
    }

    /**
     * Whether somebody set it otherwise since, or ticked it off.
     *
     * @param array $params
     * @param array $results
     * @param int $since
     * @param work $work
     * @return change|null
     */
    public function changed(array $params, array $results, int $since, work $work): ?change {
        global $DB;

        $found = parent::changed($params, $results, $since, $work);
        if ($found !== null || $params['tracking'] !== 'manual' || !$results['changed']) {
            return $found;
        }
        $ticked = $DB->get_records_select(
            'course_modules_completion', 'coursemoduleid = ? AND completionstate <> 0', [$results['cmid']], 'timemodified DESC', '*', 0, 1
        );
        $row = reset($ticked);
        return $row ? new change('course_modules_completion', (int) $row->timemodified, (int) $row->userid) : null;
    }

    /**
     * Set it as it was; marks that the ordered conditions gave go with them.
     *
     * @param array $params
     * @param array $results
     * @param work $work
     */
    public function undo(array $params, array $results, work $work): void {
        global $DB;

        if ($results['changed'] && self::row('course_modules', $results['cmid'], ['id']) !== null) {
            $DB->delete_records('course_modules_completion', ['coursemoduleid' => $results['cmid']]);
            \cache::make('core', 'completion')->purge();
        }
        parent::undo($params, $results, $work);
    }

    /**
     * The element's log.
     *
     * @param array $target
     * @return \context|null
     */
    protected function logged(array $target): ?\context {
        return context_module::instance($target['cm'], IGNORE_MISSING) ?: null;
    }
}
