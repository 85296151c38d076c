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
 * Step certificate.add: a certificate in a course.
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
use local_otbridge\certificate;
use local_otbridge\change;
use local_otbridge\changes;
use local_otbridge\checking;
use local_otbridge\field;
use local_otbridge\picture;
use local_otbridge\scope;
use local_otbridge\step;
use local_otbridge\work;

/**
 * Adds a certificate of whichever module the site has, with its page, and with the conditions under which it is issued.
 */
class certificate_add extends step {
    /**
     * Parameters. Lengths are millimetres, sizes of letters are points; -1 as mingrade: no condition.
     *
     * @return field[]
     */
    public function schema(): array {
        return [
            'course' => field::record('course'),
            'section' => field::int(0, 10000),
            'module' => field::choice(array_merge([''], certificate::MODULES))->default(''),
            'name' => field::text(255)->filled(),
            'introhtml' => field::html()->default(''),
            'idnumber' => field::text(100)->default(''),
            'visible' => field::bool()->default(true),
            'width' => field::int(50, 1000)->default(297),
            'height' => field::int(50, 1000)->default(210),
            'top' => field::int(0, 900)->default(60),
            'margin' => field::int(0, 400)->default(20),
            'background' => field::file()->default(null),
            'lines' => field::items(field::structure([
                'kind' => field::choice(certificate::KINDS),
                'text' => field::text(500)->default(''),
                'size' => field::int(6, 120)->default(18),
                'colour' => field::text(7)->pattern('/^#[0-9a-fA-F]{6}\z/')->default('#000000'),
                'bold' => field::bool()->default(false),
                'align' => field::choice(['left', 'center', 'right'])->default('center'),
                'space' => field::int(0, 500)->default(4),
            ]), 1, 40),
            'date' => field::choice(['issued', 'completed'])->default('issued'),
            'gradeformat' => field::choice(['points', 'percent', 'letter'])->default('percent'),
            'lang' => field::text(20)->pattern('/^[a-z][a-z_]*\z/')->default(''),
            'email' => field::bool()->default(false),
            'verifyany' => field::bool()->default(false),
            'mingrade' => field::decimal('0', '100')->default(''),
            'completed' => field::items(field::record('cm'), 0, 100)->default([]),
        ];
    }

    /**
     * Results.
     *
     * @return string[]
     */
    public function results(): array {
        return ['cmid' => 'cm', 'instance' => 'int', 'url' => 'text', 'module' => 'text', 'picture' => 'text'];
    }

    /**
     * Capabilities.
     *
     * @return string[]
     */
    public function needs(): array {
        $adapter = certificate::find();
        $module = $adapter === null ? certificate::MODULES[0] : $adapter->module();
        return ['moodle/course:manageactivities', 'moodle/course:activityvisibility', "mod/$module:addinstance"];
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
        $asked = [['moodle/course:manageactivities', $context]];
        $adapter = is_string($params['module']) ? certificate::find($params['module']) : null;
        if ($adapter !== null) {
            $asked[] = ["mod/{$adapter->module()}:addinstance", $context];
        }
        if ($params['visible'] === false) {
            $asked[] = ['moodle/course:activityvisibility', $context];
        }
        return $asked;
    }

    /**
     * Why this site cannot run it.
     *
     * @return string
     */
    public function unavailable(): string {
        return certificate::none();
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

        if (certificate::find($params['module']) === null) {
            $checking->fault('module', 'moduleoff', ['type' => $params['module']]);
        }
        $course = is_int($params['course']) ? $params['course'] : 0;
        $made = $checking->planned($params['course'], 'course.create');
        $there = $course ? $DB->record_exists('course_sections', ['course' => $course, 'section' => $params['section']])
            : $made === null || !is_int($params['section']) || $params['section'] <= count($made['sections']);
        if (!$there) {
            $checking->fault('section', 'sectionnotfound', ['section' => $params['section']]);
        }
        $number = $params['idnumber'];
        if (is_string($number) && $number !== '') {
            $taken = $course && ($DB->record_exists('course_modules', ['course' => $course, 'idnumber' => $number])
                || $DB->record_exists('grade_items', ['courseid' => $course, 'idnumber' => $number]));
            if ($taken || !$checking->claim('module.idnumber.' . $params['course'], $number)) {
                $checking->fault('idnumber', 'idnumbertaken', ['idnumber' => $number]);
            }
        }
        $this->check_page($params, $checking);
        $this->check_conditions($params, $checking);
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

        $adapter = certificate::find($params['module']);
        $type = $adapter->module();
        $course = $DB->get_record('course', ['id' => $params['course']], '*', MUST_EXIST);
        $made = add_moduleinfo((object) ($adapter->data($params) + [
            'modulename' => $type, 'module' => $DB->get_field('modules', 'id', ['name' => $type], MUST_EXIST),
            'course' => $course->id, 'section' => $params['section'], 'visible' => (int) $params['visible'],
            'visibleoncoursepage' => 1, 'name' => $params['name'], 'cmidnumber' => $params['idnumber'], 'lang' => '',
            'introeditor' => ['text' => $params['introhtml'], 'format' => FORMAT_HTML, 'itemid' => IGNORE_FILE_MERGE],
            'showdescription' => 0, 'groupmode' => 0, 'groupingid' => 0, 'availability' => $this->availability($params),
        ]), $course);
        $adapter->lay_out($made, $params, $work);
        $cmid = (int) $made->coursemodule;
        $picture = $params['background'] !== null && $type === 'customcert'
            ? certificate\customcert::picture($work, $params['background']) : '';
        return [
            'cmid' => $cmid, 'instance' => (int) $made->instance, 'module' => $type, 'picture' => $picture,
            'url' => (new \moodle_url("/mod/$type/view.php", ['id' => $cmid]))->out(false),
        ];
    }

    /**
     * What was changed in it, and certificates that were issued.
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
        $adapter = certificate::find($results['module']);
        if ($adapter !== null) {
            [$table, $owner, $condition] = $adapter->issues();
            $issued = $DB->get_records_select(
                $table,
                "$owner = ?" . ($condition === '' ? '' : " AND $condition"),
                [$results['instance']],
                'timecreated DESC',
                '*',
                0,
                1
            );
            if ($issued) {
                $row = reset($issued);
                return new change($table, (int) $row->timecreated, (int) $row->userid);
            }
        }
        return changes::in_context(context_module::instance($results['cmid']), $since)
            ?? changes::in_row($results['module'], $results['instance'], 'timemodified', $since);
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
     * @param array $params
     * @param array $results
     * @param work $work
     */
    public function undo(array $params, array $results, work $work): void {
        (new module_add())->undo(['type' => $results['module'], 'course' => $params['course']], $results, $work);
        $adapter = certificate::find($results['module']);
        if ($adapter !== null) {
            $adapter->clear($params, $results);
        }
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
     * The background is a picture; texts are there and fit the page.
     *
     * @param array $params
     * @param checking $checking
     */
    private function check_page(array $params, checking $checking): void {
        if (is_string($params['background'])) {
            picture::check('background', $params['background'], ['png', 'jpg', 'jpeg'], $checking);
        }
        $down = $params['top'];
        foreach ($params['lines'] as $index => $line) {
            if ($line['kind'] === 'text' && trim((string) $line['text']) === '') {
                $checking->fault("lines[$index].text", 'paramlength', ['length' => 0, 'min' => 1, 'max' => 500]);
            }
            $down += $line['space'] + $line['size'] * certificate::POINT;
            if ($down > $params['height']) {
                $checking->fault("lines[$index]", 'offpage', ['height' => $params['height'], 'number' => $index + 1]);
                return;
            }
        }
        if (2 * $params['margin'] >= $params['width']) {
            $checking->fault('margin', 'paramrange', ['value' => $params['margin'], 'min' => 0, 'max' => intdiv($params['width'], 2) - 1]);
        }
        if ($params['lang'] !== '' && !get_string_manager()->translation_exists($params['lang'])) {
            $checking->fault('lang', 'langnotfound', ['lang' => $params['lang']]);
        }
    }

    /**
     * Conditions that can never be met are stored by core without a word.
     *
     * @param array $params
     * @param checking $checking
     */
    private function check_conditions(array $params, checking $checking): void {
        global $CFG, $DB;

        if (($params['mingrade'] !== '' || $params['completed']) && empty($CFG->enableavailability)) {
            $checking->fault($params['mingrade'] !== '' ? 'mingrade' : 'completed', 'availabilityoff');
        }
        foreach ($params['completed'] as $index => $cmid) {
            if (!is_int($cmid)) {
                continue;
            }
            $cm = $DB->get_record('course_modules', ['id' => $cmid], 'id, course, completion');
            if ($params['course'] !== (int) $cm->course) {
                $checking->fault("completed[$index]", 'cmothercourse', ['id' => $cmid]);
            } else if (!$cm->completion || empty($CFG->enablecompletion)
                    || !$DB->get_field('course', 'enablecompletion', ['id' => $cm->course])) {
                $checking->fault("completed[$index]", 'nocompletion', ['id' => $cmid]);
            }
        }
    }

    /**
     * The conditions as core keeps them.
     *
     * @param array $params
     * @return string|null
     */
    private function availability(array $params): ?string {
        $conditions = [];
        if ($params['mingrade'] !== '') {
            $item = \grade_item::fetch_course_item($params['course']);
            $conditions[] = ['type' => 'grade', 'id' => (int) $item->id, 'min' => (float) $params['mingrade']];
        }
        foreach ($params['completed'] as $cmid) {
            $conditions[] = ['type' => 'completion', 'cm' => $cmid, 'e' => COMPLETION_COMPLETE];
        }
        return $conditions ? json_encode([
            'op' => '&', 'c' => $conditions, 'showc' => array_fill(0, count($conditions), true),
        ]) : null;
    }
}
