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
 * Step: who may open an element or a section, and when.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\step;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->dirroot . '/course/lib.php');
require_once($GLOBALS['CFG']->libdir . '/gradelib.php');

use context_course;
use context_module;
use core_availability\tree;
use local_otbridge\checking;
use local_otbridge\elements;
use local_otbridge\field;
use local_otbridge\reference;
use local_otbridge\restrictions;
use local_otbridge\scope;
use local_otbridge\setting_step;

/**
 * Restricts access. Each condition is looked at: that its thing is there, that it can be fulfilled, that nothing waits for itself.
 */
class access_restrict extends setting_step {
    /** @var string[] standard fields of profiles that core's condition knows */
    const STANDARD = [
        'firstname', 'lastname', 'email', 'city', 'country', 'idnumber', 'institution', 'department', 'phone1', 'phone2', 'address',
    ];

    /**
     * Parameters.
     *
     * @return field[]
     */
    public function schema(): array {
        return [
            'course' => field::record('course'),
            'element' => elements::field()->default(null),
            'section' => field::int(0, 10000)->default(null),
            'match' => field::choice(['all', 'any'])->default('all'),
            'shown' => field::bool()->default(true),
            'earlier' => field::choice(['refuse', 'replace', 'keep'])->default('refuse'),
            'conditions' => restrictions::field(),
        ];
    }

    /**
     * Results.
     *
     * @return string[]
     */
    public function results(): array {
        return ['changed' => 'bool', 'cmid' => '', 'section' => '', 'name' => 'text', 'url' => 'text'];
    }

    /**
     * Why this site cannot run it.
     *
     * @return string
     */
    public function unavailable(): string {
        global $CFG;
        return empty($CFG->enableavailability) ? get_string('availabilityoff', 'local_otbridge') : '';
    }

    /**
     * Capabilities.
     *
     * @return string[]
     */
    public function needs(): array {
        return ['moodle/course:manageactivities', 'moodle/course:update'];
    }

    /**
     * Capabilities in their contexts.
     *
     * @param array $params
     * @param scope $scope
     * @return array
     */
    public function capabilities(array $params, scope $scope): array {
        $name = $params['element'] === null ? 'moodle/course:update' : 'moodle/course:manageactivities';
        return [[$name, $scope->context('course', $params['course'])]];
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
        global $DB;

        if (($params['element'] === null) === ($params['section'] === null)) {
            $checking->fault('element', 'elementnamed');
            return;
        }
        if ($params['element'] !== null) {
            $key = elements::look($params['course'], $params['element'], 'element', $checking);
        } else {
            $key = 'section' . $params['section'];
            $made = $checking->planned($params['course'], 'course.create');
            $there = is_int($params['course'])
                ? $DB->record_exists('course_sections', ['course' => $params['course'], 'section' => $params['section']])
                : $made === null || $params['section'] <= count($made['sections']);
            if (!$there) {
                $checking->fault('section', 'sectionnotfound', ['section' => $params['section']]);
                return;
            }
        }
        $wanted = $this->look_at_conditions($params, $checking);
        if ($key === null || $wanted === null) {
            return;
        }
        if (!$checking->claim('access', $key)) {
            $checking->fault('element', 'elementtwice', ['element' => $key]);
        }
        $this->look_for_loops($params, $key, $wanted, $checking);
        $this->look_at_existing($params, $key, $checking);
    }

    /**
     * Look at each condition.
     *
     * @param array $params
     * @param checking $checking
     * @return string[]|null keys of the elements without which it never opens; null after a fault
     */
    private function look_at_conditions(array $params, checking $checking): ?array {
        $enabled = array_values(\core_plugin_manager::instance()->get_enabled_plugins('availability'));
        [$wanted, $good] = [[], true];
        foreach ($params['conditions'] as $index => $one) {
            $path = "conditions[$index]";
            if (!in_array($one['type'], $enabled, true)) {
                $checking->fault("$path.type", 'conditionoff', ['type' => $one['type']]);
                $good = false;
                continue;
            }
            $found = $this->{'look_at_' . $one['type']}($params, $one, $path, $checking);
            $good = $good && $found !== null;
            if ($found && !$one['not'] && ($params['match'] === 'all' || count($params['conditions']) === 1)) {
                $wanted[] = $found;
            }
        }
        return $good ? $wanted : null;
    }

    /**
     * A condition on completion: the element must be completable, in that way.
     *
     * @param array $params
     * @param array $one
     * @param string $path
     * @param checking $checking
     * @return string|null key of the element, empty: it need not be completed; null after a fault
     */
    private function look_at_completion(array $params, array $one, string $path, checking $checking): ?string {
        if ($one['element'] === null) {
            return $checking->fault("$path.element", 'elementnamed');
        }
        $key = elements::look($params['course'], $one['element'], "$path.element", $checking);
        if ($key === null) {
            return null;
        }
        $cm = elements::row($key);
        $facts = ['element' => $cm === null ? $key : elements::name($cm)];
        if (!course_update::tracks($params['course'], $checking)) {
            return $checking->fault('course', 'completionoff');
        }
        $planned = $checking->plans('completion')[$key] ?? null;
        $tracked = $planned === null ? $cm !== null && (int) $cm->completion !== 0 : $planned['tracking'] !== 'none';
        if (!$tracked) {
            return $checking->fault("$path.element", 'completionnone', $facts);
        }
        $graded = $planned === null ? $cm->completiongradeitemnumber !== null : $planned['grade'];
        if (in_array($one['state'], ['pass', 'fail'], true) && !$graded) {
            return $checking->fault("$path.state", 'completionungraded', $facts);
        }
        return $one['state'] === 'incomplete' ? '' : $key;
    }

    /**
     * A condition on a grade.
     *
     * @param array $params
     * @param array $one
     * @param string $path
     * @param checking $checking
     * @return string|null
     */
    private function look_at_grade(array $params, array $one, string $path, checking $checking): ?string {
        if (($one['min'] === '' && $one['max'] === '')
                || ($one['min'] !== '' && $one['max'] !== '' && (float) $one['max'] <= (float) $one['min'])) {
            return $checking->fault("$path.min", 'graderange', ['min' => $one['min'], 'max' => $one['max']]);
        }
        if ($one['total'] === true) {
            return '';
        }
        if ($one['element'] === null) {
            return $checking->fault("$path.element", 'elementnamed');
        }
        $key = elements::look($params['course'], $one['element'], "$path.element", $checking);
        $cm = elements::row($key);
        if ($cm !== null && elements::item($cm) === null) {
            return $checking->fault("$path.element", 'completionnograde', ['element' => elements::name($cm), 'type' => $cm->modname]);
        }
        return $key;
    }

    /**
     * A condition on a group: any that is named must be one of the course's.
     *
     * @param array $params
     * @param array $one
     * @param string $path
     * @param checking $checking
     * @param string $kind
     * @return string|null
     */
    private function look_at_group(array $params, array $one, string $path, checking $checking, string $kind = 'group'): ?string {
        global $DB;

        if (($one[$kind] === null) === ($one['name'] === '')) {
            return $checking->fault("$path.$kind", 'conditionempty', ['type' => $kind]);
        }
        if ($one[$kind] instanceof reference) {
            return '';
        }
        if ($one[$kind] !== null) {
            $owner = (int) $DB->get_field(\local_otbridge\kinds::TABLES[$kind], 'courseid', ['id' => $one[$kind]]);
            return $owner === $params['course'] ? '' : $checking->fault("$path.$kind", 'othercourse', ['id' => $one[$kind]]);
        }
        if (!is_int($params['course']) || !restrictions::named($kind, $params['course'], $one['name'])) {
            return $checking->fault("$path.name", $kind === 'group' ? 'nosuchgroup' : 'nosuchgrouping', ['name' => $one['name']]);
        }
        return '';
    }

    /**
     * A condition on a grouping.
     *
     * @param array $params
     * @param array $one
     * @param string $path
     * @param checking $checking
     * @return string|null
     */
    private function look_at_grouping(array $params, array $one, string $path, checking $checking): ?string {
        return $this->look_at_group($params, $one, $path, $checking, 'grouping');
    }

    /**
     * A condition on the date.
     *
     * @param array $params
     * @param array $one
     * @param string $path
     * @param checking $checking
     * @return string|null
     */
    private function look_at_date(array $params, array $one, string $path, checking $checking): ?string {
        if (!$one['from'] && !$one['until']) {
            return $checking->fault("$path.from", 'conditionempty', ['type' => 'date']);
        }
        if ($one['from'] && $one['until'] && $one['until'] <= $one['from']) {
            return $checking->fault("$path.until", 'timesorder', ['first' => 'from', 'second' => 'until']);
        }
        return '';
    }

    /**
     * A condition on a field of profiles: an unknown one makes the course's page fail for others.
     *
     * @param array $params
     * @param array $one
     * @param string $path
     * @param checking $checking
     * @return string|null
     */
    private function look_at_profile(array $params, array $one, string $path, checking $checking): ?string {
        if (!in_array($one['field'], self::STANDARD, true) && !restrictions::is_own($one['field'])) {
            return $checking->fault("$path.field", 'nosuchprofilefield', ['name' => $one['field']]);
        }
        if (in_array($one['operator'], ['isempty', 'isnotempty'], true) !== ($one['value'] === '')) {
            return $checking->fault("$path.value", 'conditionempty', ['type' => 'profile']);
        }
        return '';
    }

    /**
     * Look whether it would wait for itself, perhaps by way of others, of this program's, too.
     *
     * @param array $params
     * @param string $key
     * @param string[] $wanted
     * @param checking $checking
     */
    private function look_for_loops(array $params, string $key, array $wanted, checking $checking): void {
        $waiting = is_int($params['course']) ? restrictions::waiting($params['course']) : [];
        foreach ($checking->plans('access') as $other => $planned) {
            $waiting[$other] = array_merge($planned, preg_grep('/^section/', $waiting[$other] ?? []));
        }
        $made = $params['element'] === null ? null : $checking->planned($params['element']['cm'], 'module.add');
        $within = $made !== null && is_int($made['section']) ? ['section' . $made['section']] : [];
        $kept = $params['earlier'] === 'keep' ? $waiting[$key] ?? [] : preg_grep('/^section/', $waiting[$key] ?? []);
        $checking->plan('access', $key, array_merge($wanted, $within));
        $waiting[$key] = array_merge($wanted, $within, $kept);
        if (restrictions::loops($waiting, $key)) {
            $checking->fault('conditions', 'restrictionloop', ['element' => $this->called($key)]);
        }
    }

    /**
     * Look whether it is restricted already.
     *
     * @param array $params
     * @param string $key
     * @param checking $checking
     */
    private function look_at_existing(array $params, string $key, checking $checking): void {
        global $DB;

        if (!is_int($params['course']) || $params['earlier'] !== 'refuse') {
            return;
        }
        $cm = elements::row($key);
        $found = $cm !== null ? $cm->availability
            : $DB->get_field('course_sections', 'availability', ['course' => $params['course'], 'section' => $params['section']]);
        if (self::is_empty((string) $found)) {
            return;
        }
        $good = !$this->has_references($params['conditions']);
        if (!$good || self::text(self::written($params, $params['course'])) !== (string) $found) {
            $checking->fault('earlier', 'alreadyrestricted', ['element' => $this->called($key)]);
        }
    }

    /**
     * Whether a parameter holds references.
     *
     * @param mixed $value
     * @return bool
     */
    private function has_references($value): bool {
        if (is_array($value)) {
            return (bool) array_filter($value, [$this, 'has_references']);
        }
        return $value instanceof reference;
    }

    /**
     * An element or section for people.
     *
     * @param string $key
     * @return string
     */
    private function called(string $key): string {
        $cm = elements::row($key);
        return $cm === null ? $key : elements::name($cm);
    }

    /**
     * Whether a stored tree restricts nothing.
     *
     * @param string $text
     * @return bool
     */
    private static function is_empty(string $text): bool {
        $tree = json_decode($text);
        return $text === '' || ($tree instanceof \stdClass && ($tree->c ?? null) === []);
    }

    /**
     * The ordered tree.
     *
     * @param array $params
     * @param int $courseid
     * @return string|null null: no restriction
     */
    private static function written(array $params, int $courseid): ?string {
        $any = $params['match'] === 'any';
        $children = [];
        foreach ($params['conditions'] as $one) {
            $children = array_merge($children, restrictions::written($one, $courseid, $any));
        }
        return self::encoded($children, $any ? '|' : '&', $params['shown']);
    }

    /**
     * A tree as core keeps it.
     *
     * @param array $children
     * @param string $operator
     * @param bool $shown
     * @return string|null
     */
    private static function encoded(array $children, string $operator, bool $shown): ?string {
        if (!$children) {
            return null;
        }
        $show = $operator === '&' ? ['showc' => array_fill(0, count($children), $shown)] : ['show' => $shown];
        return json_encode(['op' => $operator, 'c' => $children] + $show, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES);
    }

    /**
     * The element or section.
     *
     * @param array $params
     * @return array
     */
    protected function target(array $params): array {
        global $DB;

        if ($params['element'] !== null) {
            $cmid = elements::find($params['course'], $params['element']);
            return ['course' => $params['course'], 'table' => 'course_modules', 'id' => $cmid];
        }
        $section = ['course' => $params['course'], 'section' => $params['section']];
        $id = (int) $DB->get_field('course_sections', 'id', $section, MUST_EXIST);
        return ['course' => $params['course'], 'table' => 'course_sections', 'id' => $id];
    }

    /**
     * Its tree.
     *
     * @param array $target
     * @return array|null
     */
    protected function state(array $target): ?array {
        return self::row($target['table'], $target['id'], ['availability']);
    }

    /**
     * The ordered tree, perhaps with what was there.
     *
     * @param array $params
     * @param array $target
     * @param array $before
     * @return array
     */
    protected function wanted(array $params, array $target, array $before): array {
        $wanted = self::written($params, $target['course']);
        $there = (string) $before['availability'];
        if ($params['earlier'] !== 'keep' || $wanted === null || self::is_empty($there)) {
            return ['availability' => $params['earlier'] === 'keep' && $wanted === null ? $before['availability'] : $wanted];
        }
        [$old, $new] = [json_decode($there, true), json_decode($wanted, true)];
        if ($there === $wanted || (($old['op'] ?? '') === '&' && in_array($new['c'], array_chunk($old['c'], count($new['c'])), false))) {
            return $before;
        }
        $parts = [];
        foreach ([$old, $new] as $tree) {
            $own = $tree['op'] === '&';
            foreach ($own ? $tree['c'] : [array_diff_key($tree, ['show' => 0, 'showc' => 0])] as $index => $child) {
                $shown = $own ? $tree['showc'][$index] ?? true : $tree['show'] ?? !in_array(false, $tree['showc'] ?? [], true);
                $parts[] = [$child, $shown];
            }
        }
        return ['availability' => json_encode([
            'op' => '&', 'c' => array_column($parts, 0), 'showc' => array_column($parts, 1),
        ], JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES)];
    }

    /**
     * Set it. Core stores a broken tree of a section without a word, so core's own reader looks at it first.
     *
     * @param array $target
     * @param array $state
     */
    protected function put(array $target, array $state): void {
        global $DB;

        if ((string) $state['availability'] !== '') {
            new tree(json_decode($state['availability'])); // Throws.
        }
        $DB->set_field($target['table'], 'availability', $state['availability'], ['id' => $target['id']]);
        rebuild_course_cache($target['course'], true);
        if ($target['table'] === 'course_modules') {
            $cm = get_fast_modinfo($target['course'])->get_cm($target['id']);
            \core\event\course_module_updated::create_from_cm($cm)->trigger();
            return;
        }
        $number = $DB->get_field('course_sections', 'section', ['id' => $target['id']]);
        \core\event\course_section_updated::create([
            'objectid' => $target['id'], 'courseid' => $target['course'], 'context' => context_course::instance($target['course']),
            'other' => ['sectionnum' => (int) $number],
        ])->trigger();
    }

    /**
     * What it returns beside `changed`.
     *
     * @param array $params
     * @param array $target
     * @return array
     */
    protected function told(array $params, array $target): array {
        if ($target['table'] === 'course_modules') {
            $cm = elements::row('cm' . $target['id']);
            $url = new \moodle_url("/mod/$cm->modname/view.php", ['id' => $cm->id]);
            return ['cmid' => (int) $cm->id, 'section' => null, 'name' => elements::name($cm), 'url' => $url->out(false)];
        }
        return [
            'cmid' => null, 'section' => $params['section'],
            'name' => get_section_name($params['course'], $params['section']),
            'url' => (new \moodle_url('/course/view.php', ['id' => $target['course']], 'section-' . $params['section']))->out(false),
        ];
    }

    /**
     * The element's log, or the course's.
     *
     * @param array $target
     * @return \context|null
     */
    protected function logged(array $target): ?\context {
        if ($target['table'] === 'course_sections') {
            return context_course::instance($target['course'], IGNORE_MISSING) ?: null;
        }
        return context_module::instance($target['id'], IGNORE_MISSING) ?: null;
    }
}
