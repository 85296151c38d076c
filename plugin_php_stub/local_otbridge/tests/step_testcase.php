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
 * What the tests of steps have in common.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/../externalcompat.php');
require_once($GLOBALS['CFG']->libdir . '/gradelib.php');

use local_otbridge\external\check;
use local_otbridge\external\run;
use local_otbridge\external\undo;

/**
 * Runs steps through the runner, twice under one key, takes them back, and compares the whole database before and after.
 */
abstract class step_testcase extends \advanced_testcase {
    /**
     * What Moodle writes beside the work, and what undoing leaves.
     *
     * @var string[] tables: logs, histories, caches and sessions, tasks, the plugin's own rows
     */
    const LEFT_OUT = [
        'logstore_standard_log', 'log', 'config_log', 'upgrade_log', 'task_log', 'task_adhoc', 'task_scheduled', 'sessions', 'lock_db',
        'cache_flags', 'cache_filters', 'events_queue', 'notifications', 'user_lastaccess', 'user_preferences',
        'grade_items_history', 'grade_grades_history', 'grade_categories_history', 'grade_outcomes_history', 'scale_history',
        'block_recent_activity', 'local_learninghistory_module', 'local_otbridge_operation', 'local_otbridge_step',
    ];
    /** @var string[][] fields that say when or which version, by table */
    const VOLATILE = [
        'course' => ['cacherev', 'timemodified'], 'course_sections' => ['timemodified'], 'groups' => ['timemodified'],
        'grade_items' => ['timemodified', 'needsupdate'], 'grade_categories' => ['timemodified'], 'config' => ['value'],
        'config_plugins' => ['value'], 'context' => ['locked'], 'user' => ['lastaccess', 'lastip'],
        'resource' => ['revision', 'timemodified'],
    ];

    /** @var string a PNG of one pixel */
    const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

    /** @var \stdClass a course with three sections */
    protected $course;
    /** @var array files of the program: [name, content] by digest */
    private $files = [];

    /**
     * Every test writes; transactions are real ones.
     */
    protected function setUp(): void {
        parent::setUp();
        $this->resetAfterTest();
        $this->preventResetByRollback();
        $this->setAdminUser();
        set_config('coursebinenable', 0, 'tool_recyclebin');
        set_config('categorybinenable', 0, 'tool_recyclebin');
        $this->course = $this->getDataGenerator()->create_course(['numsections' => 3]);
        // Moodle makes a course's own category of grades at the first activity, or the first look at the grades; it stays.
        \grade_category::fetch_course_category($this->course->id);
    }

    /**
     * A new key.
     *
     * @return string
     */
    protected function key(): string {
        return \core\uuid::generate();
    }

    /**
     * A file of the program.
     *
     * @param string $name
     * @param string $content
     * @return array as a parameter names it
     */
    protected function file(string $name, string $content): array {
        $sha256 = hash('sha256', $content);
        $this->files[$sha256] = [$name, $content];
        return ['file' => $sha256];
    }

    /**
     * Text of a program.
     *
     * @param array $steps by label; the kind is their member `step`
     * @return string
     */
    protected function program(array $steps): string {
        $list = $files = [];
        foreach ($steps as $label => $step) {
            $list[] = ['as' => $label] + $step;
        }
        foreach ($this->files as $sha256 => [$name, $content]) {
            $files[] = ['sha256' => $sha256, 'name' => $name, 'size' => strlen($content)];
        }
        return json_encode(['version' => 1, 'files' => $files, 'steps' => $list]);
    }

    /**
     * Put the program's files into a draft area.
     *
     * @return int its item id, 0 without files
     */
    protected function draft(): int {
        global $USER;

        if (!$this->files) {
            return 0;
        }
        $itemid = file_get_unused_draft_itemid();
        foreach ($this->files as $sha256 => [, $content]) {
            get_file_storage()->create_file_from_string([
                'contextid' => \context_user::instance($USER->id)->id, 'component' => 'user', 'filearea' => 'draft',
                'itemid' => $itemid, 'filepath' => '/', 'filename' => $sha256,
            ], $content);
        }
        return $itemid;
    }

    /**
     * Faults that the check tells.
     *
     * @param array $steps
     * @return string[] as `steps[0].name nametaken`, sorted
     */
    protected function faults(array $steps): array {
        $told = check::execute($this->program($steps), $this->draft());
        $found = array_map(static function ($fault) {
            return $fault['path'] . ' ' . $fault['code'];
        }, $told['faults']);
        sort($found); // Those of the schema come before those of the steps' own checks.
        return $found;
    }

    /**
     * Run steps and expect that they are done.
     *
     * @param array $steps
     * @param string|null $key
     * @return array results by label
     */
    protected function do(array $steps, ?string $key = null): array {
        $told = run::execute($key ?? $this->key(), $this->program($steps), $this->draft());
        $this->assertSame('done', $told['status'], $told['error'] . ' ' . $told['faults']);
        return json_decode($told['result'], true);
    }

    /**
     * Take an operation back.
     *
     * @param string $undoes
     * @return array the operation
     */
    protected function take_back(string $undoes): array {
        return undo::execute($this->key(), $undoes);
    }

    /**
     * Run steps twice under one key, look at the course, take them back twice, and compare the database before and after.
     *
     * @param array $steps
     * @param callable|null $look gets the results, after the run
     */
    protected function prove(array $steps, ?callable $look = null): void {
        $draft = $this->draft();
        $before = $this->snapshot();
        $key = $this->key();
        $first = run::execute($key, $this->program($steps), $draft);
        $this->assertSame('done', $first['status'], $first['error'] . ' ' . $first['faults']);
        $done = $this->snapshot();
        $this->assertNotEquals([], $this->differences($before, $done));
        $again = run::execute($key, $this->program($steps), $draft);
        $this->assertSame($first['result'], $again['result']);
        $this->assertSame([], $this->differences($done, $this->snapshot()), 'the second run changed something');
        $this->render();
        if ($look !== null) {
            $look(json_decode($first['result'], true));
        }
        $undoing = $this->key();
        $undone = undo::execute($undoing, $key);
        $this->assertSame('done', $undone['status'], $undone['error'] . ' ' . $undone['faults']);
        $this->assertSame($undone, undo::execute($undoing, $key));
        $this->assertSame([], json_decode($undone['result'], true)['left']);
        $this->assertSame([], $this->differences($before, $this->snapshot()), 'undoing left something');
        $this->render();
    }

    /**
     * Build what the course page shows, out of the caches as another process finds them.
     */
    protected function render(): void {
        global $DB, $PAGE;

        \course_modinfo::clear_instance_cache();
        $course = $DB->get_record('course', ['id' => $this->course->id]);
        $cached = array_map('intval', array_keys(get_fast_modinfo($course)->get_cms()));
        $stored = array_map('intval', $DB->get_fieldset_select('course_modules', 'id', 'course = ?', [$course->id]));
        sort($cached);
        sort($stored);
        $this->assertSame($stored, $cached, 'cache and database differ');
        $PAGE = new \moodle_page();
        $PAGE->set_url('/course/view.php', ['id' => $course->id]);
        $PAGE->set_course($course);
        $format = course_get_format($course);
        $renderer = $PAGE->get_renderer('format_' . $course->format);
        if (method_exists($format, 'get_output_classname')) {
            $class = $format->get_output_classname('content');
            $this->assertNotEmpty($renderer->render(new $class($format)));
        } else {
            ob_start();
            $renderer->print_multiple_section_page($course, null, null, null, null);
            $this->assertNotEmpty(ob_get_clean());
        }
    }

    /**
     * The whole database, less what is left out.
     *
     * @return array rows by table and id
     */
    protected function snapshot(): array {
        global $DB;

        $all = [];
        foreach (array_diff($DB->get_tables(false), self::LEFT_OUT) as $table) {
            foreach ($DB->get_records($table, null, 'id') as $id => $row) {
                foreach (self::VOLATILE[$table] ?? [] as $field) {
                    unset($row->$field);
                }
                if ($table === 'grade_items' && in_array($row->itemtype, ['course', 'category'], true)) {
                    unset($row->grademax); // Worked out at the next look at the grades.
                }
                // Files of a draft area are swept by cron; the area that the program came in is not the step's.
                if ($table !== 'files' || $row->filearea !== 'draft') {
                    $all[$table][$id] = json_encode($row);
                }
            }
        }
        return $all;
    }

    /**
     * How two states of the database differ.
     *
     * @param array $before
     * @param array $after
     * @return string[]
     */
    protected function differences(array $before, array $after): array {
        $found = [];
        foreach (array_unique(array_merge(array_keys($before), array_keys($after))) as $table) {
            [$old, $new] = [$before[$table] ?? [], $after[$table] ?? []];
            foreach (array_diff_assoc($old, $new) as $id => $row) {
                $found[] = isset($new[$id]) ? "$table: $row is now $new[$id]" : "$table: gone: $row";
            }
            foreach (array_diff_key($new, $old) as $row) {
                $found[] = "$table: new: $row";
            }
        }
        return $found;
    }
}
