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
 * Tests of the steps that say who may open what, and when it is completed.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/step_testcase.php');
require_once($GLOBALS['CFG']->libdir . '/completionlib.php');

/**
 * Completion and restrictions of access.
 *
 * @covers \local_otbridge\step\course_update
 * @covers \local_otbridge\step\completion_set
 * @covers \local_otbridge\step\access_restrict
 * @covers \local_otbridge\setting_step
 * @covers \local_otbridge\restrictions
 * @covers \local_otbridge\elements
 */
class step_access_test extends step_testcase {
    /** @var \stdClass[] pages А, Б and В in sections 1 to 3 */
    private $pages = [];
    /** @var int */
    private $id;

    /**
     * Three pages.
     */
    protected function setUp(): void {
        global $DB;
        parent::setUp();
        set_config('enablecompletion', 1);
        set_config('enableavailability', 1);
        $this->id = (int) $this->course->id;
        $DB->set_field('course', 'enablecompletion', 0, ['id' => $this->id]);
        foreach (['А', 'Б', 'В'] as $index => $name) {
            $this->pages[$name] = $this->getDataGenerator()->create_module('page', [
                'course' => $this->id, 'name' => $name, 'idnumber' => "p$index", 'section' => $index + 1,
            ]);
        }
    }

    /**
     * The step that switches tracking on.
     *
     * @return array
     */
    private function on(): array {
        return ['step' => 'course.update', 'course' => $this->id, 'completion' => true];
    }

    /**
     * The step that says when an element is completed.
     *
     * @param string $name
     * @param array $more
     * @return array
     */
    private function complete(string $name, array $more = []): array {
        return $more + [
            'step' => 'completion.set', 'course' => $this->id, 'element' => ['name' => $name], 'tracking' => 'automatic', 'view' => true,
        ];
    }

    /**
     * The step that opens an element after another.
     *
     * @param string $name
     * @param string $other
     * @param array $more
     * @return array
     */
    private function after(string $name, string $other, array $more = []): array {
        $condition = ['type' => 'completion', 'element' => ['name' => $other]];
        return $this->restrict($name, [$condition], $more);
    }

    /**
     * The step that restricts an element.
     *
     * @param string $name
     * @param array $conditions
     * @param array $more
     * @return array
     */
    private function restrict(string $name, array $conditions, array $more = []): array {
        return $more + [
            'step' => 'access.restrict', 'course' => $this->id, 'element' => ['name' => $name], 'conditions' => $conditions,
        ];
    }

    /**
     * Whether a user may open a page.
     *
     * @param string $name
     * @param \stdClass $user
     * @return bool
     */
    private function open(string $name, \stdClass $user): bool {
        \course_modinfo::clear_instance_cache();
        return get_fast_modinfo($this->id, $user->id)->get_cm($this->pages[$name]->cmid)->uservisible;
    }

    public function test_a_chain_opens_one_after_the_other_and_is_taken_back() {
        $user = $this->getDataGenerator()->create_and_enrol($this->course);
        $steps = [
            'on' => $this->on(), 'a' => $this->complete('А'), 'b' => $this->complete('Б'),
            'ab' => $this->after('Б', 'А'), 'bc' => $this->after('В', 'Б', ['shown' => false]),
        ];
        $this->prove($steps, function (array $results) {
            $this->assertSame((int) $this->pages['Б']->cmid, $results['ab']['cmid']);
        });
        $this->do($steps);
        $this->assertSame([true, false, false], [$this->open('А', $user), $this->open('Б', $user), $this->open('В', $user)]);
        $info = new \completion_info(get_course($this->id));
        $this->setUser($user);
        $info->set_module_viewed(get_fast_modinfo($this->id)->get_cm($this->pages['А']->cmid));
        $this->assertSame([true, true, false], [$this->open('А', $user), $this->open('Б', $user), $this->open('В', $user)]);
    }

    public function test_every_kind_of_condition_is_written_as_core_reads_it() {
        global $DB;
        $generator = $this->getDataGenerator();
        $group = (int) $generator->create_group(['courseid' => $this->id, 'name' => 'Г'])->id;
        $flow = (int) $generator->create_grouping(['courseid' => $this->id, 'name' => 'П'])->id;
        $DB->insert_record('user_info_field', [
            'shortname' => 'class', 'name' => 'Класс', 'datatype' => 'text', 'categoryid' => 1, 'description' => '', 'defaultdata' => '',
            'param1' => '', 'param2' => '',
        ]);
        $quiz = $generator->create_module('quiz', ['course' => $this->id, 'name' => 'Тест']);
        $item = (int) $DB->get_field('grade_items', 'id', ['itemmodule' => 'quiz', 'iteminstance' => $quiz->id]);
        $conditions = [
            ['type' => 'group', 'name' => 'Г'], ['type' => 'grouping', 'grouping' => $flow, 'not' => true],
            ['type' => 'date', 'from' => 100, 'until' => 200], ['type' => 'grade', 'element' => ['name' => 'Тест'], 'min' => '60.5'],
            ['type' => 'profile', 'field' => 'class', 'value' => '9'], ['type' => 'profile', 'field' => 'city', 'operator' => 'isnotempty'],
        ];
        $this->prove(['r' => $this->restrict('А', $conditions, ['match' => 'any', 'shown' => false])], function () use ($group, $flow, $item) {
            global $DB;
            $tree = $DB->get_field('course_modules', 'availability', ['id' => $this->pages['А']->cmid]);
            $this->assertEquals((object) ['op' => '|', 'show' => false, 'c' => [
                (object) ['type' => 'group', 'id' => $group],
                (object) ['op' => '!&', 'c' => [(object) ['type' => 'grouping', 'id' => $flow]]],
                (object) ['op' => '&', 'c' => [
                    (object) ['type' => 'date', 'd' => '>=', 't' => 100], (object) ['type' => 'date', 'd' => '<', 't' => 200],
                ]],
                (object) ['type' => 'grade', 'id' => $item, 'min' => 60.5],
                (object) ['type' => 'profile', 'cf' => 'class', 'op' => 'isequalto', 'v' => '9'],
                (object) ['type' => 'profile', 'sf' => 'city', 'op' => 'isnotempty'],
            ]], json_decode($tree));
        });
    }

    public function test_a_section_is_restricted_and_a_group_of_the_same_program_opens_it() {
        global $DB;
        $this->prove([
            'g' => ['step' => 'group.create', 'course' => $this->id, 'name' => 'Сдающие'],
            's' => [
                'step' => 'access.restrict', 'course' => $this->id, 'section' => 2, 'conditions' => [['type' => 'group', 'group' => '$g.id']],
            ],
        ], function (array $results) use ($DB) {
            $tree = $DB->get_field('course_sections', 'availability', ['course' => $this->id, 'section' => 2]);
            $this->assertSame('{"op":"&","c":[{"type":"group","id":' . $results['g']['id'] . '}],"showc":[true]}', $tree);
        });
    }

    public function test_what_nobody_could_fulfil_is_refused() {
        $other = $this->getDataGenerator()->create_course();
        $foreign = (int) $this->getDataGenerator()->create_group(['courseid' => $other->id])->id;
        $this->assertSame([
            'steps[0].course completionoff', 'steps[10].conditions[0].from conditionempty', 'steps[1].conditions[0].name nosuchgroup',
            'steps[2].conditions[0].group othercourse', 'steps[3].conditions[0].field nosuchprofilefield',
            'steps[4].conditions[0].element completionnograde', 'steps[5].conditions[0].min graderange',
            'steps[6].conditions[0].until timesorder', 'steps[7].element elementnotfound', 'steps[8].conditions[0].element elementnotfound',
            'steps[9].section sectionnotfound',
        ], $this->faults([
            'a' => $this->after('Б', 'А'), 'b' => $this->restrict('А', [['type' => 'group', 'name' => 'Нет']]),
            'c' => $this->restrict('А', [['type' => 'group', 'group' => $foreign]]),
            'd' => $this->restrict('А', [['type' => 'profile', 'field' => 'nosuch', 'value' => '1']]),
            'e' => $this->restrict('А', [['type' => 'grade', 'element' => ['name' => 'Б'], 'min' => '1']]),
            'f' => $this->restrict('А', [['type' => 'grade', 'total' => true, 'min' => '60', 'max' => '60']]),
            'g' => $this->restrict('А', [['type' => 'date', 'from' => 5, 'until' => 5]]),
            'h' => $this->restrict('Г', []), 'i' => $this->after('А', 'Г'),
            'j' => ['step' => 'access.restrict', 'course' => $this->id, 'section' => 9, 'conditions' => []],
            'k' => $this->restrict('А', [['type' => 'date']]),
        ]));
        $untracked = ['on' => $this->on(), 'ab' => $this->after('Б', 'А')];
        $this->assertSame(['steps[1].conditions[0].element completionnone'], $this->faults($untracked));
        $ungraded = ['on' => $this->on(), 'a' => $this->complete('А')];
        $condition = [['type' => 'completion', 'element' => ['name' => 'А'], 'state' => 'pass']];
        $this->assertSame(['steps[2].conditions[0].state completionungraded'], $this->faults($ungraded + [
            'b' => $this->restrict('Б', $condition),
        ]));
    }

    public function test_nothing_waits_for_itself() {
        $steps = ['on' => $this->on()];
        foreach (['А', 'Б', 'В'] as $name) {
            $steps["c$name"] = $this->complete($name);
        }
        $steps = array_combine(['on', 'ca', 'cb', 'cc'], $steps);
        $this->assertSame(['steps[4].conditions restrictionloop'], $this->faults($steps + ['self' => $this->after('А', 'А')]));
        $this->assertSame(['steps[6].conditions restrictionloop'], $this->faults($steps + [
            'ab' => $this->after('Б', 'А'), 'bc' => $this->after('В', 'Б'), 'ca2' => $this->after('А', 'В'),
        ]));
        $section = ['step' => 'access.restrict', 'course' => $this->id, 'section' => 1, 'conditions' => [
            ['type' => 'completion', 'element' => ['name' => 'А']],
        ]];
        $this->assertSame(['steps[4].conditions restrictionloop'], $this->faults($steps + ['s' => $section]));
        $this->do($steps + ['ab' => $this->after('Б', 'А')]);
        $this->assertSame(['steps[0].conditions restrictionloop'], $this->faults(['ba' => $this->after('А', 'Б')]));
        // One of alternatives, or the lack of a mark, shuts nothing.
        $free = [['type' => 'completion', 'element' => ['name' => 'Б'], 'state' => 'incomplete']];
        $this->assertSame([], $this->faults(['f' => $this->restrict('А', $free)]));
        $either = [['type' => 'completion', 'element' => ['name' => 'Б']], ['type' => 'date', 'from' => 1]];
        $this->assertSame([], $this->faults(['e' => $this->restrict('А', $either, ['match' => 'any'])]));
    }

    public function test_earlier_restrictions_are_never_lost_in_silence() {
        global $DB;
        $cmid = $this->pages['А']->cmid;
        $there = '{"op":"|","c":[{"type":"date","d":">=","t":5},{"type":"date","d":"<","t":9}],"show":false}';
        $DB->set_field('course_modules', 'availability', $there, ['id' => $cmid]);
        rebuild_course_cache($this->id, true);
        $new = [['type' => 'date', 'from' => 7]];
        $this->assertSame(['steps[0].earlier alreadyrestricted'], $this->faults(['r' => $this->restrict('А', $new)]));
        $this->prove(['r' => $this->restrict('А', $new, ['earlier' => 'replace'])], function () use ($DB, $cmid) {
            $this->assertSame(
                '{"op":"&","c":[{"type":"date","d":">=","t":7}],"showc":[true]}',
                $DB->get_field('course_modules', 'availability', ['id' => $cmid])
            );
        });
        $keep = ['r' => $this->restrict('А', $new, ['earlier' => 'keep'])];
        $this->prove($keep, function () use ($DB, $cmid) {
            $this->assertSame(
                '{"op":"&","c":[{"op":"|","c":[{"type":"date","d":">=","t":5},{"type":"date","d":"<","t":9}]},'
                . '{"type":"date","d":">=","t":7}],"showc":[false,true]}',
                $DB->get_field('course_modules', 'availability', ['id' => $cmid])
            );
        });
        $this->prove(['r' => $this->restrict('А', [], ['earlier' => 'replace'])]);
    }

    public function test_the_same_restriction_again_changes_nothing() {
        $steps = ['r' => $this->restrict('А', [['type' => 'date', 'from' => 7]])];
        $this->assertTrue($this->do($steps)['r']['changed']);
        $key = $this->key();
        $this->assertFalse($this->do($steps, $key)['r']['changed']);
        $keep = ['r' => $this->restrict('А', [['type' => 'date', 'from' => 7]], ['earlier' => 'keep'])];
        $this->assertFalse($this->do($keep)['r']['changed']);
        $this->assertSame('done', $this->take_back($key)['status']);
    }

    public function test_namesakes_are_refused_by_name() {
        $this->getDataGenerator()->create_module('page', ['course' => $this->id, 'name' => 'А']);
        $this->assertSame(['steps[0].element elementambiguous'], $this->faults(['a' => $this->restrict('А', [])]));
        $this->assertSame([], $this->faults(['a' => $this->restrict('', [], ['element' => ['idnumber' => 'p0']])]));
        $this->assertSame(['steps[0].element elementnamed'], $this->faults([
            'a' => $this->restrict('', [], ['element' => ['idnumber' => 'p0', 'name' => 'А']]),
        ]));
    }

    public function test_conditions_that_a_kind_lacks_are_refused() {
        $generator = $this->getDataGenerator();
        $generator->create_module('label', ['course' => $this->id, 'name' => 'Надпись', 'idnumber' => 'l']);
        $generator->create_module('assign', ['course' => $this->id, 'name' => 'Задание', 'grade' => 100]);
        $this->assertSame([
            'steps[1].view completionnoview', 'steps[2].submit completionnosubmit', 'steps[3].grade completionnograde',
            'steps[4].passgrade nogradepass', 'steps[5].tracking completionconditions', 'steps[6].tracking completionconditions',
        ], $this->faults([
            'on' => $this->on(), 'a' => $this->complete('', ['element' => ['idnumber' => 'l']]),
            'b' => $this->complete('А', ['submit' => true]), 'c' => $this->complete('Б', ['grade' => true]),
            'd' => $this->complete('Задание', ['passgrade' => true]), 'e' => $this->complete('В', ['view' => false]),
            'f' => $this->complete('В', ['tracking' => 'manual']),
        ]));
    }

    public function test_an_assignment_is_completed_when_it_is_handed_in_and_graded() {
        global $DB;
        $assign = $this->getDataGenerator()->create_module('assign', ['course' => $this->id, 'name' => 'Задание', 'grade' => 100]);
        $this->prove(['on' => $this->on(), 'a' => $this->complete('Задание', ['submit' => true, 'grade' => true])], function () use ($DB, $assign) {
            $this->assertSame('1', $DB->get_field('assign', 'completionsubmit', ['id' => $assign->id]));
            $cm = $DB->get_record('course_modules', ['id' => $assign->cmid]);
            $this->assertSame(['2', '1', '0'], [$cm->completion, $cm->completionview, $cm->completiongradeitemnumber]);
        });
    }

    public function test_marks_of_people_are_not_made_worthless() {
        global $DB;
        $user = $this->getDataGenerator()->create_and_enrol($this->course);
        $this->do(['on' => $this->on(), 'a' => $this->complete('А', ['tracking' => 'manual', 'view' => false])]);
        $info = new \completion_info(get_course($this->id));
        $this->setUser($user);
        $info->update_state(get_fast_modinfo($this->id)->get_cm($this->pages['А']->cmid), COMPLETION_COMPLETE, $user->id);
        $this->setAdminUser();
        $this->assertSame(['steps[0].element completionstarted'], $this->faults(['a' => $this->complete('А')]));
        $this->assertSame([], $this->faults(['a' => $this->complete('А', ['tracking' => 'manual', 'view' => false])]));
        $this->assertSame(1, $DB->count_records('course_modules_completion', ['coursemoduleid' => $this->pages['А']->cmid]));
    }

    public function test_what_others_wait_for_stays_tracked() {
        $this->do(['on' => $this->on(), 'a' => $this->complete('А'), 'ab' => $this->after('Б', 'А')]);
        $this->assertSame(['steps[0].tracking completionneeded'], $this->faults([
            'a' => $this->complete('А', ['tracking' => 'none', 'view' => false]),
        ]));
    }

    public function test_what_somebody_changed_since_stays() {
        global $DB;
        $key = $this->key();
        $this->do(['r' => $this->restrict('А', [['type' => 'date', 'from' => 7]])], $key);
        $other = '{"op":"&","c":[{"type":"date","d":">=","t":8}],"showc":[true]}';
        $DB->set_field('course_modules', 'availability', $other, ['id' => $this->pages['А']->cmid]);
        $this->assertSame('changedsince', $this->take_back($key)['errorcode']);
        $this->assertSame($other, $DB->get_field('course_modules', 'availability', ['id' => $this->pages['А']->cmid]));
        $DB->set_field('course_modules', 'availability', null, ['id' => $this->pages['А']->cmid]);
        $this->assertSame('done', $this->take_back($key)['status']);
    }
}
