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
 * Step course.create: a new course with its sections.
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
use core_plugin_manager;
use local_otbridge\change;
use local_otbridge\changes;
use local_otbridge\checking;
use local_otbridge\field;
use local_otbridge\reference;
use local_otbridge\repeatable;
use local_otbridge\scope;
use local_otbridge\step;
use local_otbridge\work;

/**
 * Makes an empty course as the form does, with the site's own defaults.
 */
class course_create extends step implements repeatable {
    /** @var string[] defaults of the site that core's create_course() does not take by itself */
    const DEFAULTS = [
        'newsitems', 'showgrades', 'showreports', 'maxbytes', 'groupmode', 'groupmodeforce', 'lang', 'enablecompletion',
        'showactivitydates', 'showcompletionconditions', 'hiddensections', 'coursedisplay',
    ];

    /**
     * Parameters.
     *
     * @return field[]
     */
    public function schema(): array {
        return [
            'category' => field::record('category'),
            'fullname' => field::text(254)->filled(),
            'shortname' => field::text(100)->filled(),
            'idnumber' => field::text(100)->default(''),
            'format' => field::text(21)->filled()->pattern('/^[a-z][a-z0-9_]*\z/')->default('topics'),
            'summaryhtml' => field::html()->default(''),
            'visible' => field::bool()->default(true),
            'startdate' => field::time()->default(0),
            'sections' => field::items(field::structure([
                'name' => field::text(255)->filled(),
                'summaryhtml' => field::html()->default(''),
            ]), 0, 250)->default([]),
            'picture' => field::file()->default(null),
        ];
    }

    /**
     * Results.
     *
     * @return string[]
     */
    public function results(): array {
        return [
            'id' => 'course', 'url' => 'text', 'shortname' => 'text', 'fullname' => 'text', 'sections' => 'int[]',
            'general' => 'int',
        ];
    }

    /**
     * Capabilities.
     *
     * @return string[]
     */
    public function needs(): array {
        return ['moodle/course:create', 'moodle/course:delete', 'moodle/course:update'];
    }

    /**
     * Capabilities in their contexts.
     *
     * @param array $params
     * @param scope $scope
     * @return array
     */
    public function capabilities(array $params, scope $scope): array {
        return [['moodle/course:create', $scope->context('category', $params['category'])]];
    }

    /**
     * One name, one course, also when two come at once.
     *
     * @param array $params
     * @return string[]
     */
    public function locks(array $params): array {
        return ['coursenames'];
    }

    /**
     * Look for faults.
     *
     * @param array $params
     * @param checking $checking
     */
    public function check(array $params, checking $checking): void {
        global $DB;

        foreach (['shortname' => 'shortnametaken', 'idnumber' => 'idnumbertaken'] as $name => $code) {
            $value = $params[$name];
            if (!is_string($value) || $value === '') {
                continue;
            }
            if ($DB->record_exists('course', [$name => $value]) || !$checking->claim('course.' . $name, $value)) {
                $checking->fault($name, $code, [$name => $value]);
            }
        }
        if (is_string($params['format'])) {
            $this->check_format($params, $checking);
        }
        if (is_string($params['picture'])) {
            $this->check_picture($params['picture'], $checking);
        }
    }

    /**
     * Make the course.
     *
     * @param array $params
     * @param work $work
     * @return array
     */
    public function run(array $params, work $work): array {
        $course = create_course($this->data($params));
        course_create_sections_if_missing($course, range(0, count($params['sections']))); // Not every format does what it is told.
        $this->name_sections((int) $course->id, $params['sections']);
        if ($params['picture'] !== null) {
            $this->add_picture((int) $course->id, $params['picture'], $work);
        }
        return $this->told($course, count($params['sections']));
    }

    /**
     * The new course is touched, too.
     *
     * @param array $params
     * @param array $results
     * @return int[]
     */
    public function courses(array $params, array $results): array {
        return isset($results['id']) ? [$results['id']] : [];
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
     * What was taught or edited in the course since.
     *
     * @param array $params
     * @param array $results
     * @param int $since
     * @param work $work
     * @return change|null
     */
    public function changed(array $params, array $results, int $since, work $work): ?change {
        return changes::in_course($results['id'], $since);
    }

    /**
     * Delete the course; the recycle bin keeps it, unless the program failed.
     *
     * @param array $params
     * @param array $results
     * @param work $work
     */
    public function undo(array $params, array $results, work $work): void {
        changes::undo_course($results['id'], $work);
    }

    /**
     * A course of that short name.
     *
     * @param array $params
     * @return array|null
     */
    public function find(array $params): ?array {
        global $DB;

        $shortname = $params['shortname'];
        $course = is_string($shortname) ? $DB->get_record('course', ['shortname' => $shortname]) : false;
        return $course ? $this->told($course, count($params['sections'])) : null;
    }

    /**
     * What the parameters name, and is otherwise; a picture only where there is none.
     *
     * @param array $params
     * @param array $found
     * @return array
     */
    public function differences(array $params, array $found): array {
        global $DB;

        $course = $DB->get_record('course', ['id' => $found['id']], '*', MUST_EXIST);
        $wanted = [
            'category' => $params['category'], 'fullname' => $params['fullname'], 'visible' => (int) $params['visible'],
            'idnumber' => $params['idnumber'], 'summaryhtml' => $params['summaryhtml'], 'startdate' => $params['startdate'],
        ];
        $differing = [];
        foreach ($wanted as $name => $value) {
            $there = $course->{$name === 'summaryhtml' ? 'summary' : $name};
            // What the order leaves to the site is left to it.
            $ordered = $value !== '' && !($name === 'startdate' && $value === 0) && !$value instanceof reference;
            if ($ordered && (string) $there !== (string) $value) {
                $differing[$name] = is_int($value) ? (int) $there : $there;
            }
        }
        $sections = $this->sections((int) $course->id, count($params['sections']));
        $named = array_map(static function (\stdClass $section): array {
            return ['name' => (string) $section->name, 'summaryhtml' => (string) $section->summary];
        }, $sections);
        if (self::differ($params['sections'], $named)) {
            $differing['sections'] = $named;
        }
        if ($params['picture'] !== null && !self::pictures((int) $course->id)) {
            $differing['picture'] = '';
        }
        return $differing;
    }

    /**
     * Change what differs; sections that are missing are added, further ones stay.
     *
     * @param array $params
     * @param array $found
     * @param array $before
     * @param work $work
     * @return array
     */
    public function bring(array $params, array $found, array $before, work $work): array {
        global $DB;

        $this->change($found['id'], array_intersect_key($params, $before));
        if (isset($before['sections'])) {
            course_create_sections_if_missing($found['id'], range(0, count($params['sections'])));
            $this->name_sections($found['id'], array_map(static function (array $section): array {
                return ['name' => $section['name'], 'summaryhtml' => $section['summaryhtml'] ?: null]; // Its own text stays.
            }, $params['sections']));
        }
        if (isset($before['picture'])) {
            $this->add_picture($found['id'], $params['picture'], $work);
        }
        return $this->told($DB->get_record('course', ['id' => $found['id']], '*', MUST_EXIST), count($params['sections']));
    }

    /**
     * Change it back; of the sections that were added those go that are empty.
     *
     * @param array $params
     * @param array $results
     * @param array $before
     * @param work $work
     */
    public function put_back(array $params, array $results, array $before, work $work): void {
        $this->change($results['id'], $before);
        if (isset($before['sections'])) {
            for ($number = count($params['sections']); $number > count($before['sections']); $number--) {
                course_delete_section($results['id'], $number, false);
            }
            $this->name_sections($results['id'], $before['sections']);
        }
        if (isset($before['picture'])) {
            foreach (self::pictures($results['id']) as $file) {
                if ($file->get_filename() === $work->file_name($params['picture'])) {
                    $file->delete();
                }
            }
        }
    }

    /**
     * Look whether the course format exists, is on, and takes the sections.
     *
     * @param array $params
     * @param checking $checking
     */
    private function check_format(array $params, checking $checking): void {
        $formats = array_values(core_plugin_manager::instance()->get_enabled_plugins('format'));
        if (!in_array($params['format'], $formats, true)) {
            $checking->fault('format', 'formatnotfound', ['format' => $params['format'], 'choices' => implode(', ', $formats)]);
            return;
        }
        $most = (int) get_config('moodlecourse', 'maxsections') ?: 52;
        $uses = course_get_format((object) ['format' => $params['format'], 'id' => 0])->uses_sections();
        $max = $uses ? $most : 0;
        if (count($params['sections']) > $max) {
            $checking->fault('sections', 'paramcount', ['count' => count($params['sections']), 'min' => 0, 'max' => $max]);
        }
    }

    /**
     * Look whether the file is an image, by its content and by its name, and whether courses have pictures here.
     *
     * @param string $sha256
     * @param checking $checking
     */
    private function check_picture(string $sha256, checking $checking): void {
        global $CFG;

        if ((int) $CFG->courseoverviewfileslimit < 1) {
            $checking->fault('picture', 'nopictures');
        }
        $file = $checking->file($sha256);
        $named = file_mimetype_in_typegroup(mimeinfo('type', $checking->file_name($sha256)), 'web_image');
        if (!$named || ($file !== null && !getimagesizefromstring($file->get_content()))) {
            $checking->fault('picture', 'notimage', ['sha256' => $sha256]);
        }
    }

    /**
     * The course as later steps may refer to it.
     *
     * @param \stdClass $course
     * @param int $count how many sections the program speaks of
     * @return array
     */
    private function told(\stdClass $course, int $count): array {
        global $DB;

        $general = (int) $DB->get_field('course_sections', 'id', ['course' => $course->id, 'section' => 0]);
        return [
            'id' => (int) $course->id, 'url' => (new \moodle_url('/course/view.php', ['id' => $course->id]))->out(false),
            'shortname' => $course->shortname, 'fullname' => $course->fullname, 'general' => $general,
            'sections' => array_map('intval', array_column($this->sections((int) $course->id, $count), 'id')),
        ];
    }

    /**
     * The first topic sections of a course.
     *
     * @param int $courseid
     * @param int $count
     * @return \stdClass[]
     */
    private function sections(int $courseid, int $count): array {
        global $DB;
        $where = 'course = ? AND section BETWEEN 1 AND ?';
        return array_values($DB->get_records_select('course_sections', $where, [$courseid, $count], 'section'));
    }

    /**
     * Name the first topic sections.
     *
     * @param int $courseid
     * @param array $wanted
     */
    private function name_sections(int $courseid, array $wanted): void {
        foreach ($this->sections($courseid, count($wanted)) as $place => $section) {
            $text = $wanted[$place]['summaryhtml'];
            course_update_section($courseid, $section, ['name' => $wanted[$place]['name']] + ($text === null ? [] : [
                'summary' => $text, 'summaryformat' => FORMAT_HTML,
            ]));
        }
    }

    /**
     * Whether sections are not named as they should be; a section without a text of the order's keeps its own.
     *
     * @param array $wanted
     * @param array $named
     * @return bool
     */
    private static function differ(array $wanted, array $named): bool {
        foreach ($wanted as $place => $one) {
            $there = $named[$place] ?? null;
            $text = $one['summaryhtml'];
            if ($there === null || $there['name'] !== $one['name'] || ($text !== '' && $there['summaryhtml'] !== $text)) {
                return true;
            }
        }
        return false;
    }

    /**
     * Change what the course itself says.
     *
     * @param int $courseid
     * @param array $values by name of the parameter
     */
    private function change(int $courseid, array $values): void {
        $fields = ['category', 'fullname', 'visible', 'idnumber', 'startdate', 'summaryhtml'];
        $values = array_intersect_key($values, array_flip($fields));
        if (isset($values['summaryhtml'])) {
            $values += ['summary' => $values['summaryhtml'], 'summaryformat' => FORMAT_HTML];
            unset($values['summaryhtml']);
        }
        if ($values) {
            update_course((object) (['id' => $courseid] + $values));
        }
    }

    /**
     * Pictures of a course.
     *
     * @param int $courseid
     * @return \stored_file[]
     */
    private static function pictures(int $courseid): array {
        $contextid = context_course::instance($courseid)->id;
        return get_file_storage()->get_area_files($contextid, 'course', 'overviewfiles', 0, 'id', false);
    }

    /**
     * Give the course its picture.
     *
     * @param int $courseid
     * @param string $sha256
     * @param work $work
     */
    private function add_picture(int $courseid, string $sha256, work $work): void {
        get_file_storage()->create_file_from_storedfile([
            'contextid' => context_course::instance($courseid)->id, 'component' => 'course', 'filearea' => 'overviewfiles',
            'itemid' => 0, 'filepath' => '/', 'filename' => $work->file_name($sha256),
        ], $work->file($sha256));
    }

    /**
     * The course as core takes it.
     *
     * @param array $params
     * @return \stdClass
     */
    private function data(array $params): \stdClass {
        $config = get_config('moodlecourse');
        $data = ['numsections' => count($params['sections'])];
        foreach (self::DEFAULTS as $name) {
            if (isset($config->$name)) {
                $data[$name] = $config->$name;
            }
        }
        $start = $params['startdate'] ?: usergetmidnight(time() + DAYSECS);
        $data['startdate'] = $start;
        $data['enddate'] = !empty($config->courseenddateenabled) ? $start + (int) ($config->courseduration ?? YEARSECS) : 0;
        return (object) ($data + [
            'category' => $params['category'], 'fullname' => $params['fullname'], 'shortname' => $params['shortname'],
            'idnumber' => $params['idnumber'], 'format' => $params['format'], 'summary' => $params['summaryhtml'],
            'summaryformat' => FORMAT_HTML, 'visible' => (int) $params['visible'],
        ]);
    }
}
