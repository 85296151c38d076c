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
 * Test of a program of the size of a course prototype.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/step_testcase.php');
require_once(__DIR__ . '/prototype.php');

/**
 * A course prototype is one program.
 *
 * @coversNothing
 */
class prototype_test extends step_testcase {
    public function test_a_prototype_comes_whole_and_goes_whole() {
        global $DB;

        $files = prototype::files(1000);
        foreach ($files as $name => $content) {
            $this->file($name, $content);
        }
        $program = prototype::program((int) \core_course_category::get_default()->id, 'prototype' . random_int(1, 1000000), $files);
        $before = $this->snapshot();
        $key = $this->key();
        $told = external\run::execute($key, json_encode($program), $this->draft());
        $this->assertSame('done', $told['status'], $told['error']);
        $results = json_decode($told['result'], true);
        $this->course = get_course($results['course']['id']);
        $this->render();
        $counts = [];
        foreach (['quiz', 'assign', 'resource', 'lesson', 'glossary'] as $table) {
            $counts[$table] = $DB->count_records($table, ['course' => $this->course->id]);
        }
        $this->assertSame(['quiz' => 1, 'assign' => 6, 'resource' => 6, 'lesson' => 1, 'glossary' => 1], $counts);
        $this->assertSame(20, $results['slots']['count']);
        $this->assertSame(10, $DB->count_records('lesson_pages', ['lessonid' => $results['lesson']['instance']]));
        $this->assertSame(10, $DB->count_records('glossary_entries', ['glossaryid' => $results['glossary']['instance']]));
        $undone = $this->take_back($key);
        $this->assertSame('done', $undone['status'], $undone['error'] . $undone['faults']);
        $this->assertSame([], $this->differences($before, $this->snapshot()));
    }
}
