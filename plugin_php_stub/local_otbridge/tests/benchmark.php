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
 * Times a program of the size of a prototype through the runner, and the same work by direct calls of Moodle's functions.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

// Usage: php local/otbridge/tests/benchmark.php [runs], on a site that may keep the courses it makes. Each run is a process of its
// own, the two ways take turns. Prints seconds, seconds of the processor in PHP, and database queries; uploading and the start of
// PHP are not counted. On a machine that is busy with other things the processor's seconds are the ones to compare.

define('CLI_SCRIPT', true);

require(getenv('MOODLE_CONFIG') ?: __DIR__ . '/../../../config.php');
require_once(__DIR__ . '/prototype.php');
require_once(__DIR__ . '/../externalcompat.php');
require_once($CFG->libdir . '/filelib.php');

use local_otbridge\activity;
use local_otbridge\prototype;
use local_otbridge\questions\bank;

/**
 * What is compared: seconds, seconds of the processor that this process took, and queries.
 *
 * @param array $since an earlier reading
 * @return array
 */
function local_otbridge_benchmark_read(array $since = [0.0, 0.0, 0]): array {
    global $DB;

    $used = getrusage();
    $cpu = $used['ru_utime.tv_sec'] + $used['ru_stime.tv_sec'] + ($used['ru_utime.tv_usec'] + $used['ru_stime.tv_usec']) / 1e6;
    return [microtime(true) - $since[0], $cpu - $since[1], $DB->perf_get_queries() - $since[2]];
}

/**
 * Put files into a draft area.
 *
 * @param string[] $files
 * @param bool $digests whether they are named by their digests, as the bridge uploads them
 * @return int
 */
function local_otbridge_benchmark_draft(array $files, bool $digests): int {
    global $USER;

    $itemid = file_get_unused_draft_itemid();
    foreach ($files as $name => $content) {
        get_file_storage()->create_file_from_string([
            'contextid' => context_user::instance($USER->id)->id, 'component' => 'user', 'filearea' => 'draft', 'itemid' => $itemid,
            'filepath' => '/', 'filename' => $digests ? hash('sha256', $content) : $name,
        ], $content);
    }
    return $itemid;
}

/**
 * Through the runner.
 *
 * @param string $shortname
 * @param string[] $files
 * @return array what it took
 */
function local_otbridge_benchmark_runner(string $shortname, array $files): array {
    $draft = local_otbridge_benchmark_draft($files, true);
    $program = json_encode(prototype::program((int) core_course_category::get_default()->id, $shortname, $files));
    $begun = local_otbridge_benchmark_read();
    $told = local_otbridge\external\run::execute(\core\uuid::generate(), $program, $draft);
    $taken = local_otbridge_benchmark_read($begun);
    if ($told['status'] !== 'done') {
        throw new moodle_exception('generalexceptionmessage', 'error', '', $told['error']);
    }
    return $taken;
}

/**
 * Add an activity directly.
 *
 * @param stdClass $course
 * @param string $type
 * @param int $section
 * @param string $name
 * @param int $draft
 * @return stdClass
 */
function local_otbridge_benchmark_module(stdClass $course, string $type, int $section, string $name, int $draft = 0): stdClass {
    global $DB;

    $activity = activity::find($type);
    return add_moduleinfo((object) ($activity->data($activity->field()->get_default(), $draft, $course) + [
        'modulename' => $type, 'module' => $DB->get_field('modules', 'id', ['name' => $type]), 'course' => $course->id,
        'section' => $section, 'visible' => 1, 'name' => $name, 'cmidnumber' => '',
        'introeditor' => ['text' => "<p>$name</p>", 'format' => FORMAT_HTML, 'itemid' => 0],
    ]), $course);
}

/**
 * The same by direct calls.
 *
 * @param string $shortname
 * @param string[] $files
 * @return array what it took
 */
function local_otbridge_benchmark_direct(string $shortname, array $files): array {
    global $CFG, $DB;

    $drafts = [];
    foreach ($files as $name => $content) {
        $drafts[$name] = local_otbridge_benchmark_draft([$name => $content], false);
    }
    $begun = local_otbridge_benchmark_read();
    // Loading what is needed counts, as it does with the runner.
    require_once($CFG->dirroot . '/course/lib.php');
    require_once($CFG->dirroot . '/course/modlib.php');
    require_once($CFG->libdir . '/questionlib.php');
    require_once($CFG->dirroot . '/question/format.php');
    require_once($CFG->dirroot . '/question/format/gift/format.php');
    require_once($CFG->dirroot . '/mod/quiz/locallib.php');
    require_once($CFG->dirroot . '/mod/lesson/locallib.php');
    require_once($CFG->dirroot . '/mod/glossary/lib.php');
    $course = create_course((object) [
        'category' => core_course_category::get_default()->id, 'fullname' => 'Прототип', 'shortname' => $shortname,
        'format' => 'topics', 'numsections' => prototype::TEN, 'summary' => '', 'summaryformat' => FORMAT_HTML,
    ]);
    foreach ($DB->get_records('course_sections', ['course' => $course->id], 'section') as $section) {
        if ($section->section) {
            $text = "<p>О разделе {$section->section}</p>";
            course_update_section($course, $section, ['name' => "Раздел {$section->section}", 'summary' => $text]);
        }
    }
    $bank = new bank($course);
    $context = $bank->context();
    $reader = new qformat_gift();
    $reader->setFilename(make_request_directory() . '/questions');
    file_put_contents($reader->filename, prototype::gift());
    $reader->setCategory($bank->category($context, ''));
    $reader->setContexts([$context]);
    $reader->setCourse($course);
    $reader->set_display_progress(false);
    $reader->importprocess();
    $made = local_otbridge_benchmark_module($course, 'quiz', 1, 'Тест');
    $quiz = $DB->get_record('quiz', ['id' => $made->instance]);
    foreach ($reader->questionids as $id) {
        quiz_add_quiz_question($id, $quiz);
    }
    if (class_exists('mod_quiz\quiz_settings')) {
        mod_quiz\quiz_settings::create($quiz->id)->get_grade_calculator()->recompute_quiz_sumgrades();
    } else {
        quiz_update_sumgrades($quiz);
    }
    for ($i = 1; $i <= prototype::SIX; $i++) {
        local_otbridge_benchmark_module($course, 'assign', $i, "Задание $i");
    }
    foreach (array_keys($drafts) as $index => $name) {
        local_otbridge_benchmark_module($course, 'resource', $index + 1, $name, $drafts[$name]);
    }
    $made = local_otbridge_benchmark_module($course, 'lesson', prototype::TEN, 'Лекция');
    $lesson = new lesson($DB->get_record('lesson', ['id' => $made->instance]));
    $place = context_module::instance($made->coursemodule);
    $page = 0;
    for ($i = 1; $i <= prototype::TEN; $i++) {
        $page = lesson_page::create((object) [
            'title' => "Страница $i", 'qtype' => 20, 'pageid' => $page, 'answer_editor' => ['Дальше'], 'jumpto' => [-1], 'layout' => 1,
            'display' => 1, 'contents_editor' => ['text' => "<p>Текст $i</p>", 'format' => FORMAT_HTML, 'itemid' => 0],
        ], $lesson, $place, 0)->id;
    }
    $made = local_otbridge_benchmark_module($course, 'glossary', prototype::TEN, 'Глоссарий');
    $cm = get_coursemodule_from_id('glossary', $made->coursemodule);
    $glossary = $DB->get_record('glossary', ['id' => $made->instance]);
    for ($i = 1; $i <= prototype::TEN; $i++) {
        glossary_edit_entry((object) [
            'id' => null, 'concept' => "Понятие $i", 'aliases' => '',
            'definition_editor' => ['text' => "<p>Определение $i</p>", 'format' => FORMAT_HTML, 'itemid' => 0],
        ], $course, $cm, $glossary, context_module::instance($cm->id));
    }
    return local_otbridge_benchmark_read($begun);
}

/**
 * Time one way in this process, or both in turns in processes of their own.
 *
 * @param string $what runner, direct, or a number of runs
 */
function local_otbridge_benchmark(string $what): void {
    if (in_array($what, ['runner', 'direct'], true)) {
        \core\session\manager::set_user(get_admin());
        $files = prototype::files(1048576);
        $call = 'local_otbridge_benchmark_' . $what;
        printf("%.4f %.4f %d\n", ...$call('benchmark' . microtime(true), $files));
        return;
    }
    $times = ['runner' => [], 'direct' => []];
    for ($run = 0; $run <= (int) $what; $run++) {
        foreach (array_keys($times) as $way) {
            $told = shell_exec(PHP_BINARY . ' ' . escapeshellarg(__FILE__) . ' ' . $way);
            [$seconds, $cpu, $queries] = explode(' ', trim($told));
            if ($run) { // The first warms up.
                $times[$way][] = [(float) $seconds, (float) $cpu, (int) $queries];
                echo "$run $way $seconds s, processor $cpu s, $queries queries\n";
            }
        }
    }
    foreach (['seconds', 'seconds of the processor', 'queries'] as $index => $what) {
        $medians = [];
        foreach ($times as $way => $taken) {
            $values = array_column($taken, $index);
            sort($values);
            $medians[$way] = $values[intdiv(count($values), 2)];
        }
        $ratio = round($medians['runner'] / $medians['direct'], 2);
        echo "median $what: runner {$medians['runner']}, direct {$medians['direct']}, ratio $ratio\n";
    }
}

local_otbridge_benchmark($argv[1] ?? '7');
