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
 * Tests of reading and checking programs.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

/**
 * Every fault is named at its place.
 *
 * @covers \local_otbridge\program
 * @covers \local_otbridge\checker
 * @covers \local_otbridge\field
 * @covers \local_otbridge\reading
 */
class program_test extends \advanced_testcase {
    /**
     * Checks read the site, and nothing else.
     */
    protected function setUp(): void {
        parent::setUp();
        $this->resetAfterTest();
        $this->setAdminUser();
    }

    /**
     * Faults of a program.
     *
     * @param array $steps
     * @param array $more members of the program
     * @return string[] code by path
     */
    private function faults(array $steps, array $more = []): array {
        $faults = new faults();
        $program = new program(json_encode($more + ['version' => 1, 'ticket' => 'OT-1', 'files' => [], 'steps' => $steps]));
        checker::check($program, 0, $faults);
        return array_column($faults->all(), 'code', 'path');
    }

    /**
     * A step that makes a course.
     *
     * @param array $params
     * @return array
     */
    private function course(array $params = []): array {
        $category = (int) \core_course_category::get_default()->id;
        return $params + ['step' => 'course.create', 'as' => 'course', 'category' => $category, 'fullname' => 'Химия', 'shortname' => 'chem'];
    }

    public function test_the_canonical_text_decides_and_not_white_space_or_order() {
        $one = new program('{"version":1,"steps":[],"ticket":"ё/<"}');
        $other = new program("{ \"ticket\": \"\\u0451/<\",\n \"steps\": [ ], \"version\": 1 }");
        $this->assertSame('{"steps":[],"ticket":"ё/<","version":1}', $one->text);
        $this->assertSame($one->hash(), $other->hash());
    }

    public function test_what_is_no_program_is_refused() {
        foreach (['', '{', '[]', '{"version":2}', '"x"', str_repeat(' ', program::MAX_BYTES + 1)] as $text) {
            try {
                new program($text);
                $this->fail('not refused');
            } catch (refusal $refusal) {
                $this->assertSame('programinvalid', $refusal->errorcode);
            }
        }
        $this->assertSame(['steps' => 'paramcount'], $this->faults([]));
    }

    public function test_a_sound_program_has_no_faults() {
        $this->assertSame([], $this->faults([
            $this->course(), ['step' => 'group.create', 'as' => 'g', 'course' => '$course.id', 'name' => '$$5'],
            ['step' => 'group.create', 'as' => 'h', 'course' => '$course.id', 'name' => '$course.shortname'],
        ]));
    }

    public function test_each_fault_is_named_at_its_place() {
        $this->assertEquals([
            'steps[0].category' => 'categorynotfound', 'steps[0].fullname' => 'paramlength', 'steps[0].oops' => 'paramunknown',
            'steps[0].startdate' => 'paramtype', 'steps[0].sections[0].name' => 'parammissing', 'steps[0].visible' => 'paramtype',
            'steps[0].shortname' => 'paramcontrol', 'steps[0].format' => 'parampattern', 'steps[0].picture' => 'filenotlisted',
            'steps[1].as' => 'labeltwice', 'steps[2].step' => 'unknownstep', 'steps[3]' => 'paramtype', 'steps[4].as' => 'labelform',
        ], $this->faults([
            $this->course([
                'category' => 999999, 'fullname' => ' ', 'oops' => 1, 'startdate' => 1.5, 'sections' => [['summaryhtml' => '']],
                'visible' => 1, 'shortname' => "a\nb", 'format' => '../x', 'picture' => ['file' => str_repeat('0', 64)],
            ]),
            ['step' => 'group.create', 'as' => 'course', 'course' => '$course.id', 'name' => 'x'],
            ['step' => 'no.such', 'as' => 'n'], 'text', ['step' => 'group.create', 'as' => 'Ю'],
        ]));
    }

    public function test_of_many_faults_the_first_hundred_are_told() {
        $steps = [];
        for ($index = 0; $index < 150; $index++) {
            $steps[] = ['step' => 'role.create', 'as' => 'r' . $index, 'shortname' => 5, 'name' => '', 'capabilities' => 'x'];
        }
        $this->assertCount(faults::LIMIT, $this->faults($steps));
    }

    public function test_references_lead_to_earlier_results_of_the_right_type() {
        $group = ['step' => 'group.create', 'name' => 'x'];
        $this->assertEquals([
            'steps[0].course' => 'referencelabel', 'steps[2].course' => 'referencetype', 'steps[3].course' => 'referencefield',
            'steps[4].name' => 'referenceform', 'steps[5].course' => 'referencetype', 'steps[6].name' => 'referencetype',
        ], $this->faults([
            $group + ['as' => 'a', 'course' => '$course.id'], $this->course(), $group + ['as' => 'b', 'course' => '$course.shortname'],
            $group + ['as' => 'c', 'course' => '$course.nix'], ['name' => '$5'] + $group + ['as' => 'd', 'course' => '$course.id'],
            $group + ['as' => 'e', 'course' => '$d.id'], ['name' => '$course.id'] + $group + ['as' => 'f', 'course' => '$course.id'],
        ]));
    }

    public function test_steps_of_one_program_may_not_take_the_same_name() {
        $this->getDataGenerator()->create_course(['shortname' => 'old', 'idnumber' => 'N1']);
        $this->assertEquals([
            'steps[1].shortname' => 'shortnametaken', 'steps[2].shortname' => 'shortnametaken', 'steps[2].idnumber' => 'idnumbertaken',
        ], $this->faults([
            $this->course(), $this->course(['as' => 'b', 'shortname' => 'Chem']),
            $this->course(['as' => 'c', 'shortname' => 'old', 'idnumber' => 'N1']),
        ]));
    }

    public function test_capabilities_are_asked_for_where_the_step_works() {
        global $DB;
        $user = $this->getDataGenerator()->create_user();
        $category = $this->getDataGenerator()->create_category();
        $course = $this->getDataGenerator()->create_course();
        $roleid = $this->getDataGenerator()->create_role();
        foreach (['moodle/course:create', 'moodle/course:managegroups'] as $capability) {
            assign_capability($capability, CAP_ALLOW, $roleid, \context_system::instance());
        }
        role_assign($roleid, $user->id, \context_coursecat::instance($category->id));
        $this->setUser($user);
        $group = ['step' => 'group.create', 'name' => 'x'];
        $steps = [
            $this->course(['category' => (int) $category->id]), $group + ['as' => 'a', 'course' => '$course.id'],
            $group + ['as' => 'b', 'course' => (int) $course->id],
        ];
        $this->assertSame(['steps[2]' => 'nopermissions'], $this->faults($steps));
    }

    public function test_the_administrators_policy_is_kept() {
        $category = $this->getDataGenerator()->create_category();
        $below = $this->getDataGenerator()->create_category(['parent' => $category->id]);
        set_config('categories', $category->id, 'local_otbridge');
        set_config('stepsoff', 'group_create', 'local_otbridge');
        $group = ['step' => 'group.create', 'name' => 'x', 'as' => 'g', 'course' => '$b.id'];
        $this->assertEquals(['steps[0].category' => 'categorynotallowed', 'steps[2].step' => 'stepoff'], $this->faults([
            $this->course(), $this->course(['as' => 'b', 'category' => (int) $below->id, 'shortname' => 'b']), $group,
        ]));
        $this->assertSame(['group.create'], policy::tell()['stepsoff']);
    }

    public function test_html_is_cleaned_and_texts_are_trimmed() {
        $program = new program(json_encode(['version' => 1, 'steps' => [$this->course([
            'shortname' => " chem\u{a0}", 'summaryhtml' => '<p onclick="x()">a<script>alert(1)</script></p>',
        ]), ]]));
        $program->read(new faults());
        $params = $program->params($program->steps[0], new faults());
        $this->assertSame(['chem', '<p>a</p>'], [$params['shortname'], $params['summaryhtml']]);
    }

    public function test_every_step_says_what_it_must() {
        global $DB;
        foreach (steps::all() as $name => $step) {
            $this->assertMatchesRegularExpression('/^[a-z]+\.[a-z_]+$/', $name);
            $this->assertFileExists(__DIR__ . '/../classes/step/' . str_replace('.', '_', $name) . '.php');
            $this->assertContainsOnlyInstancesOf(field::class, $step->schema());
            foreach ($step->results() as $type) {
                $plain = $type === '' ? 'int' : preg_replace('/\[\]$/', '', $type);
                $this->assertContains($plain, array_merge(['int', 'text', 'bool'], array_keys(kinds::TABLES)), $name);
            }
            foreach ($step->needs() as $capability) {
                $this->assertTrue($DB->record_exists('capabilities', ['name' => $capability]), $capability);
            }
        }
    }
}
