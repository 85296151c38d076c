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
 * Step: add an activity or resource to a course.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\step;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->libdir . '/filelib.php');
require_once($GLOBALS['CFG']->libdir . '/gradelib.php');
require_once($GLOBALS['CFG']->dirroot . '/course/lib.php');
require_once($GLOBALS['CFG']->dirroot . '/course/modlib.php');

use cache_helper;
use context_module;
use local_otbridge\activity;
use local_otbridge\change;
use local_otbridge\changes;
use local_otbridge\checking;
use local_otbridge\field;
use local_otbridge\kinds;
use local_otbridge\repeatable;
use local_otbridge\scope;
use local_otbridge\step;
use local_otbridge\work;
use moodle_url;

/**
 * Adds an activity as the form does with its defaults. What it can be is in classes/activity/.
 */
class module_add extends step implements repeatable {
    /**
     * Parameters that are equal for all kinds.
     *
     * @return field[]
     */
    public function schema(): array {
        return [
            'course' => field::record('course'),
            'section' => field::int(0, 10000),
            'type' => field::choice(activity::names()),
            'name' => field::text(255)->default(''),
            'introhtml' => field::html()->default(''),
            'showintro' => field::bool()->default(false),
            'idnumber' => field::text(100)->default(''),
            'visible' => field::bool()->default(true),
            'settings' => (new field\anything())->default([]),
            'files' => field::items(field::file(), 0, 100)->default([]),
        ];
    }

    /**
     * Parameters of one step: the kind says which settings there are.
     *
     * @param \stdClass $raw
     * @return field[]
     */
    public function fields(\stdClass $raw): array {
        $activity = activity::find($raw->type ?? null);
        return $activity === null ? $this->schema() : ['settings' => $activity->field()] + $this->schema();
    }

    /**
     * Results.
     *
     * @return string[]
     */
    public function results(): array {
        return ['cmid' => 'cm', 'instance' => 'int', 'url' => 'text'];
    }

    /**
     * Capabilities.
     *
     * @return string[]
     */
    public function needs(): array {
        $needs = ['moodle/course:manageactivities', 'moodle/course:activityvisibility'];
        foreach (activity::names() as $type) {
            $needs[] = "mod/$type:addinstance";
        }
        return $needs;
    }

    /**
     * Capabilities in their contexts; add_moduleinfo() itself asks for none.
     *
     * @param array $params
     * @param scope $scope
     * @return array
     */
    public function capabilities(array $params, scope $scope): array {
        $context = $scope->context('course', $params['course']);
        $asked = [['moodle/course:manageactivities', $context]];
        if (is_string($params['type']) && get_capability_info("mod/{$params['type']}:addinstance")) {
            $asked[] = ["mod/{$params['type']}:addinstance", $context];
        }
        if ($params['visible'] === false) {
            $asked[] = ['moodle/course:activityvisibility', $context];
        }
        return $asked;
    }

    /**
     * One ID number, one activity of the course.
     *
     * @param array $params
     * @return string[]
     */
    public function locks(array $params): array {
        return ['modules' . $params['course']];
    }

    /**
     * Look for faults.
     *
     * @param array $params
     * @param checking $checking
     */
    public function check(array $params, checking $checking): void {
        global $DB;

        $course = is_int($params['course']) ? $params['course'] : 0;
        $section = ['course' => $course, 'section' => $params['section']];
        if ($course && is_int($params['section']) && !$DB->record_exists('course_sections', $section)) {
            $checking->fault('section', 'sectionnotfound', ['section' => $params['section']]);
        }
        $made = $checking->planned($params['course'], 'course.create');
        if ($made !== null && is_int($params['section']) && $params['section'] > count($made['sections'])) {
            $checking->fault('section', 'sectionnotfound', ['section' => $params['section']]);
        }
        $number = $params['idnumber'];
        if (is_string($number) && $number !== '') {
            // Core stores it a second time, and the first one wins in formulas.
            $taken = $course && ($DB->record_exists('course_modules', ['course' => $course, 'idnumber' => $number])
                || $DB->record_exists('grade_items', ['courseid' => $course, 'idnumber' => $number]));
            if ($taken || !$checking->claim('module.idnumber.' . $params['course'], $number)) {
                $checking->fault('idnumber', 'idnumbertaken', ['idnumber' => $number]);
            }
        }
        $activity = activity::find($params['type']);
        if ($activity !== null) {
            $this->check_kind($activity, $params, $checking);
        }
    }

    /**
     * Add it.
     *
     * @param array $params
     * @param work $work
     * @return array
     */
    public function run(array $params, work $work): array {
        global $DB;

        $type = $params['type'];
        $activity = activity::find($type);
        $course = $DB->get_record('course', ['id' => $params['course']], '*', MUST_EXIST);
        $draft = $params['files'] ? $work->draft($params['files']) : 0;
        $made = add_moduleinfo((object) ($activity->data($params['settings'], $draft, $course) + [
            'modulename' => $type, 'module' => $DB->get_field('modules', 'id', ['name' => $type], MUST_EXIST),
            'course' => $course->id, 'section' => $params['section'], 'visible' => (int) $params['visible'],
            'visibleoncoursepage' => 1, 'name' => $params['name'], 'cmidnumber' => $params['idnumber'], 'lang' => '',
            // No files: core would look into a draft area for nothing.
            'introeditor' => ['text' => $params['introhtml'], 'format' => FORMAT_HTML, 'itemid' => IGNORE_FILE_MERGE],
            'showdescription' => (int) $params['showintro'], 'groupingid' => (int) $course->defaultgroupingid,
            'groupmode' => plugin_supports('mod', $type, FEATURE_GROUPS, false) ? (int) $course->groupmode : 0,
        ]), $course);
        $activity->finish($made);
        if ($draft) {
            $work->drop($draft);
        }
        return $this->told($params, (int) $made->coursemodule, (int) $made->instance);
    }

    /**
     * What was changed in it, and what people have done there.
     *
     * @param array $params
     * @param array $results
     * @param int $since
     * @param work $work
     * @return change|null
     */
    public function changed(array $params, array $results, int $since, work $work): ?change {
        global $DB;

        if (!$DB->record_exists('course_modules', ['id' => $results['cmid']])) {
            return null;
        }
        foreach (activity::find($params['type'])->traces() as [$table, $owner, $time, $user, $condition, $always]) {
            $found = $DB->get_records_select(
                $table,
                "$owner = :owner AND $time > :since" . ($condition === '' ? '' : " AND $condition"),
                ['owner' => $results['instance'], 'since' => $always ? 0 : $since],
                "$time DESC",
                '*',
                0,
                1
            );
            if ($found) {
                $row = reset($found);
                return new change($table, (int) $row->$time, $user === '' ? 0 : (int) $row->$user);
            }
        }
        $context = context_module::instance($results['cmid']);
        return changes::in_context($context, $since)
            ?? changes::in_row($params['type'], $results['instance'], 'timemodified', $since);
    }

    /**
     * A copy for the recycle bin takes its time.
     *
     * @return bool
     */
    public function undo_heavy(): bool {
        return (bool) get_config('tool_recyclebin', 'coursebinenable');
    }

    /**
     * Delete it; the recycle bin keeps it, unless the program failed.
     *
     * A dead attempt may have put it there already, or deleted half of it, which core does not get over.
     *
     * @param array $params
     * @param array $results
     * @param work $work
     */
    public function undo(array $params, array $results, work $work): void {
        global $DB;

        $cm = $DB->get_record('course_modules', ['id' => $results['cmid']]);
        if (!$cm || !$DB->record_exists($params['type'], ['id' => $results['instance']])) {
            $this->delete_rest($params, $results);
            return;
        }
        $begun = $work->recall()['deleting'] ?? null;
        if ($begun === null) {
            $work->remember(['deleting' => time()]);
        }
        $kept = $begun !== null && $DB->record_exists_select(
            'tool_recyclebin_course',
            'courseid = ? AND module = ? AND name = ? AND timecreated >= ?',
            [$cm->course, $cm->module, $DB->get_field($params['type'], 'name', ['id' => $cm->instance]), $begun]
        );
        activity::delete((int) $cm->id, !$work->is_failing() && !$kept);
    }

    /**
     * Categories of grades are kept for the session.
     *
     * @param array $params
     * @param array $results
     */
    public function refresh(array $params, array $results): void {
        if (plugin_supports('mod', $params['type'], FEATURE_GRADE_HAS_GRADE, false)) {
            cache_helper::purge_by_event('changesingradecategories');
        }
    }

    /**
     * The activity of that ID number; without one, the only one of that kind and name.
     *
     * @param array $params
     * @return array|null
     */
    public function find(array $params): ?array {
        global $DB;

        if (!is_int($params['course']) || !is_string($params['type'])) {
            return null;
        }
        $condition = $params['idnumber'] === '' ? 'i.name = :what' : 'cm.idnumber = :what';
        $found = $DB->get_records_sql(
            "SELECT cm.id, cm.instance
               FROM {course_modules} cm
               JOIN {modules} m ON m.id = cm.module AND m.name = :type
               JOIN {{$params['type']}} i ON i.id = cm.instance
              WHERE cm.course = :course AND cm.deletioninprogress = 0 AND $condition",
            [
                'type' => $params['type'], 'course' => $params['course'],
                'what' => $params['idnumber'] === '' ? $params['name'] : $params['idnumber'],
            ]
        );
        return count($found) === 1 ? $this->told($params, (int) reset($found)->id, (int) reset($found)->instance) : null;
    }

    /**
     * Name, description, whether it is shown, and of its settings what its row says word for word.
     *
     * @param array $params
     * @param array $found
     * @return array
     */
    public function differences(array $params, array $found): array {
        global $DB;

        $row = $DB->get_record($params['type'], ['id' => $found['instance']], '*', MUST_EXIST);
        $there = ['visible' => (bool) $DB->get_field('course_modules', 'visible', ['id' => $found['cmid']])];
        foreach (['introhtml' => 'intro', 'name' => 'name'] as $name => $column) {
            if ($params[$name] !== '') { // What the order does not speak of is left alone.
                $there[$name] = (string) $row->$column;
            }
        }
        $differing = array_filter($there, static function ($value, string $name) use ($params): bool {
            return $params[$name] !== $value;
        }, ARRAY_FILTER_USE_BOTH);
        foreach (activity::find($params['type'])->columns() as $setting => $column) {
            $wanted = $params['settings'][$setting] ?? null;
            if (is_string($wanted) && $wanted !== $row->$column) {
                $differing["settings.$setting"] = $row->$column;
            }
        }
        return $differing;
    }

    /**
     * Change what differs.
     *
     * @param array $params
     * @param array $found
     * @param array $before
     * @param work $work
     * @return array
     */
    public function bring(array $params, array $found, array $before, work $work): array {
        $wanted = [];
        foreach (array_keys($before) as $name) {
            [$group, $setting] = explode('.', $name) + [1 => null];
            $wanted[$name] = $setting === null ? $params[$group] : $params[$group][$setting];
        }
        $this->change($params['type'], $found, $wanted);
        return $found;
    }

    /**
     * Change it back.
     *
     * @param array $params
     * @param array $results
     * @param array $before
     * @param work $work
     */
    public function put_back(array $params, array $results, array $before, work $work): void {
        $this->change($params['type'], $results, $before);
    }

    /**
     * Look for what depends on the kind.
     *
     * @param activity $activity
     * @param array $params
     * @param checking $checking
     */
    private function check_kind(activity $activity, array $params, checking $checking): void {
        global $DB;

        if (!$DB->record_exists('modules', ['name' => $params['type'], 'visible' => 1])) {
            $checking->fault('type', 'moduleoff', ['type' => $params['type']]);
            return;
        }
        [$least, $most] = $activity->files();
        $count = count($params['files']);
        if ($count < $least || $count > $most) {
            $checking->fault('files', 'paramcount', ['count' => $count, 'min' => $least, 'max' => $most]);
        }
        if (count(array_unique($params['files'])) !== $count) {
            $checking->fault('files', 'filetwice');
        }
        foreach (array_count_values(array_map([$checking, 'file_name'], array_unique($params['files']))) as $name => $times) {
            if ($times > 1) {
                $checking->fault('files', 'filenametwice', ['name' => (string) $name]);
            }
        }
        if ($params['name'] === '' && !$activity->is_nameless()) {
            $checking->fault('name', 'paramlength', ['length' => 0, 'min' => 1, 'max' => 255]);
        }
        if ($activity->is_nameless() && is_string($params['introhtml']) && trim(strip_tags($params['introhtml'], '<img>')) === '') {
            $checking->fault('introhtml', 'paramlength', ['length' => 0, 'min' => 1, 'max' => 500000]);
        }
        $activity->check($params['settings'], $checking);
    }

    /**
     * The activity as later steps may refer to it.
     *
     * @param array $params
     * @param int $cmid
     * @param int $instance
     * @return array
     */
    private function told(array $params, int $cmid, int $instance): array {
        $type = $params['type'];
        $url = activity::find($type)->has_page() ? new moodle_url("/mod/$type/view.php", ['id' => $cmid])
            : new moodle_url('/course/view.php', ['id' => $params['course']], 'module-' . $cmid);
        return ['cmid' => $cmid, 'instance' => $instance, 'url' => $url->out(false)];
    }

    /**
     * Change an activity that is there.
     *
     * @param string $type
     * @param array $found
     * @param array $values by name of the parameter, those of settings as `settings.name`
     */
    private function change(string $type, array $found, array $values): void {
        global $DB;

        if (array_key_exists('visible', $values)) {
            set_coursemodule_visible($found['cmid'], (int) $values['visible']);
        }
        if (array_key_exists('name', $values)) {
            set_coursemodule_name($found['cmid'], $values['name']); // Grades and events bear it, too.
        }
        $columns = ['introhtml' => 'intro'];
        foreach (activity::find($type)->columns() as $setting => $column) {
            $columns["settings.$setting"] = $column;
        }
        $row = [];
        foreach (array_intersect_key($columns, $values) as $name => $column) {
            $row[$column] = $values[$name];
        }
        if ($row) {
            $DB->update_record($type, (object) ($row + ['id' => $found['instance'], 'timemodified' => time()]));
            rebuild_course_cache(kinds::course('cm', $found['cmid']), true);
            [$course, $cm] = get_course_and_cm_from_cmid($found['cmid'], $type);
            \core\event\course_module_updated::create_from_cm($cm)->trigger();
        }
    }

    /**
     * Delete what is left of an activity whose own row is gone.
     *
     * @param array $params
     * @param array $results
     */
    private function delete_rest(array $params, array $results): void {
        global $DB;

        $cmid = $results['cmid'];
        $context = context_module::instance($cmid, IGNORE_MISSING);
        if ($context) {
            get_file_storage()->delete_area_files($context->id);
        }
        $DB->delete_records('event', ['modulename' => $params['type'], 'instance' => $results['instance']]);
        foreach (\grade_item::fetch_all([
            'itemtype' => 'mod', 'itemmodule' => $params['type'], 'iteminstance' => $results['instance'], 'courseid' => $params['course'],
        ]) ?: [] as $item) {
            $item->delete('moddelete');
        }
        $DB->delete_records('course_modules_completion', ['coursemoduleid' => $cmid]);
        \context_helper::delete_instance(CONTEXT_MODULE, $cmid);
        $DB->delete_records('course_modules', ['id' => $cmid]);
        foreach ($DB->get_records('course_sections', ['course' => $params['course']]) as $section) {
            if (in_array((string) $cmid, explode(',', (string) $section->sequence), true)) {
                delete_mod_from_section($cmid, $section->id);
            }
        }
        if ($DB->record_exists('course', ['id' => $params['course']])) {
            rebuild_course_cache($params['course'], true);
        }
    }
}
