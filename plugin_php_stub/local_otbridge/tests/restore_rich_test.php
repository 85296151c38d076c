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
 * A course with something of everything comes back as it was.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/restore_testcase.php');
require_once(__DIR__ . '/rich_course.php');

/**
 * Some hundred columns of the database before and after.
 *
 * @covers \local_otbridge\course_restorer
 * @covers \local_otbridge\course_contents
 * @covers \local_otbridge\backup_lists
 */
class restore_rich_test extends restore_testcase {
    public function test_a_rich_course_comes_back_as_it_was() {
        $course = rich_course::make($this->getDataGenerator(), 'rich');
        $before = rich_course::read($course->id);
        delete_course($course, false);
        $row = $this->work($this->order(['ref' => $this->find(['shortname' => 'rich'])['backups'][0]['ref'], 'lang' => 'ru']));
        $this->assertSame(['done', []], [$row->status, $row->result->warnings ?? $row->error]);
        foreach ((array) $row->result->compared as $what => [$came, $of]) {
            $this->assertSame($of, $came, $what);
            $this->assertGreaterThan(0, $of, $what);
        }
        $after = rich_course::read($row->result->id);
        $this->assertGreaterThan(300, count($before));
        $this->assertSame([], array_diff(array_keys($before), array_keys($after)));
        $different = array_keys(array_filter($before, static function ($values, $key) use ($after): bool {
            return $after[$key] !== $values;
        }, ARRAY_FILTER_USE_BOTH));
        $this->assertSame([], array_values(array_diff($different, rich_course::NOT_BACK)));
    }
}
