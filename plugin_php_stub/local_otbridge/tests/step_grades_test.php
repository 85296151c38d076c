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
 * Tests of the steps on grades and on the completion of a course.
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
 * Scales, categories, formulas, criteria.
 *
 * @covers \local_otbridge\step\grade_create_scale
 * @covers \local_otbridge\step\grade_create_category
 * @covers \local_otbridge\step\grade_create_item
 * @covers \local_otbridge\step\grade_set
 * @covers \local_otbridge\step\completion_set_criteria
 * @covers \local_otbridge\grading
 */
class step_grades_test extends step_testcase {
    /** @var int */
    private $id;
    /** @var \stdClass a quiz of 10 points */
    private $quiz;

    /**
     * A course with a quiz.
     */
    protected function setUp(): void {
        parent::setUp();
        set_config('enablecompletion', 1);
        $this->id = (int) $this->course->id;
        $this->quiz = $this->getDataGenerator()->create_module('quiz', [
            'course' => $this->id, 'name' => 'Экзамен', 'grade' => 10, 'attempts' => 2,
        ]);
        grade_regrade_final_grades($this->id);
    }

    /**
     * A step on the course.
     *
     * @param string $kind
     * @param array $params
     * @return array
     */
    private function step(string $kind, array $params): array {
        return ['step' => $kind, 'course' => $this->id] + $params;
    }

    /**
     * The grading of the ticket about certificates: lectures, practice, exam.
     *
     * @return array
     */
    private function certificate(): array {
        return [
            'scale' => $this->step('grade.create_scale', ['name' => 'Посещение', 'items' => ['Не присутствовал(а)', 'Присутствовал(а)']]),
            'lec' => $this->step('grade.create_category', [
                'name' => 'Лекции', 'idnumber' => 'lec', 'onlygraded' => false, 'gradepass' => '80', 'grademax' => '100',
            ]),
            'l1' => $this->step('grade.create_item', ['name' => 'Лекция 1', 'scale' => '$scale.id', 'category' => '$lec.id']),
            'l2' => $this->step('grade.create_item', ['name' => 'Лекция 2', 'scale' => '$scale.id', 'category' => '$lec.id']),
            'exam' => $this->step('grade.set', ['element' => ['name' => 'Экзамен'], 'idnumber' => 'exam', 'gradepass' => '6.5']),
            'total' => $this->step('grade.set', [
                'total' => true, 'aggregation' => 'mean', 'grademax' => '100', 'gradepass' => '60', 'hidden' => false,
                'formula' => '=if([[lec]]>=80,[[exam]]*10,0)',
            ]),
        ];
    }

    public function test_a_formula_over_categories_and_an_exam_is_worked_out_by_moodle_and_taken_back() {
        global $DB;
        $this->prove($this->certificate(), function (array $results) use ($DB) {
            $item = $DB->get_record('grade_items', ['id' => $results['total']['item']]);
            $exam = $results['exam']['item'];
            $this->assertSame("=if(##gi{$results['lec']['item']}##>=80,##gi$exam##*10,0)", $item->calculation);
            $this->assertSame([60.0, '0', 100.0], [(float) $item->gradepass, $item->hidden, (float) $item->grademax]);
            $this->assertSame('exam', $DB->get_field('course_modules', 'idnumber', ['id' => $this->quiz->cmid]));
        });
        $made = $this->do($this->certificate());
        $user = $this->getDataGenerator()->create_and_enrol($this->course);
        $total = \grade_item::fetch(['id' => $made['total']['item']]);
        $final = function () use ($user, $total) {
            grade_regrade_final_grades($this->id);
            return (float) $total->get_grade($user->id, false)->finalgrade;
        };
        \grade_item::fetch(['id' => $made['l1']['id']])->update_final_grade($user->id, 2);
        \grade_item::fetch(['id' => $made['exam']['item']])->update_final_grade($user->id, 9);
        $this->assertSame(0.0, $final(), 'half of the lectures');
        \grade_item::fetch(['id' => $made['l2']['id']])->update_final_grade($user->id, 2);
        $this->assertSame(90.0, $final());
    }

    public function test_formulas_that_would_fail_later_are_refused() {
        global $DB;
        foreach (['a', 'b'] as $number) {
            $this->getDataGenerator()->create_grade_item(['courseid' => $this->id, 'itemname' => $number, 'idnumber' => $number]);
        }
        $twin = $this->getDataGenerator()->create_grade_item(['courseid' => $this->id, 'itemname' => 'c', 'idnumber' => 'c']);
        $DB->set_field('grade_items', 'idnumber', 'b', ['id' => $twin->id]);
        foreach ([
            '[[a]]' => 'formulabad', '=[[a]]*0,4;' => 'formulabad', '=sum([[a]];2)' => 'formulabad', '=nosuch([[a]])' => 'formulabad',
            '=[[A]]' => 'formulaunknown', '=[[b]]' => 'formulaambiguous', '=sum([[a]],2)*0.4' => '',
        ] as $formula => $code) {
            $found = $this->faults(['t' => $this->step('grade.set', ['total' => true, 'formula' => $formula])]);
            $this->assertSame($code === '' ? [] : ["steps[0].formula $code"], $found, $formula);
        }
    }

    public function test_circles_of_formulas_are_refused() {
        $item = function (string $number) {
            return $this->step('grade.create_item', ['name' => $number, 'idnumber' => $number]);
        };
        $formula = function (string $label, string $text) {
            return $this->step('grade.set', ['item' => "\$$label.id", 'formula' => $text]);
        };
        $steps = ['a' => $item('a'), 'b' => $item('b'), 'fa' => $formula('a', '=[[b]]+1')];
        $this->assertSame(['steps[3].formula formulaloop'], $this->faults($steps + ['fb' => $formula('b', '=[[a]]+1')]));
        $this->do($steps);
        $b = (int) \grade_item::fetch(['courseid' => $this->id, 'idnumber' => 'b'])->id;
        $this->assertSame(['steps[0].formula formulaloop'], $this->faults([
            'fb' => $this->step('grade.set', ['item' => $b, 'formula' => '=[[a]]+1']),
        ]));
    }

    public function test_faults_of_grades_are_found_beforehand() {
        $page = $this->getDataGenerator()->create_module('page', ['course' => $this->id, 'name' => 'Страница']);
        $item = $this->getDataGenerator()->create_grade_item(['courseid' => $this->id, 'itemname' => 'Ручная', 'idnumber' => 'x']);
        $user = $this->getDataGenerator()->create_and_enrol($this->course);
        \grade_item::fetch(['id' => $item->id])->update_final_grade($user->id, 5);
        $this->assertSame([
            'steps[0].gradepass paramrange', 'steps[1].element completionnograde', 'steps[2].weight weightunused',
            'steps[3].formula gradesentered', 'steps[4].aggregation gradenotsum', 'steps[4].element elementtwice',
            'steps[5].idnumber idnumbertaken',
            'steps[7].name scalenametaken', 'steps[8].items[0] parampattern', 'steps[9].gradepass paramrange',
        ], $this->faults([
            'a' => $this->step('grade.set', ['element' => ['name' => 'Экзамен'], 'gradepass' => '10.5']),
            'b' => $this->step('grade.set', ['element' => ['cm' => (int) $page->cmid], 'gradepass' => '1']),
            'c' => $this->step('grade.create_item', ['name' => 'В', 'weight' => '0.5']),
            'd' => $this->step('grade.set', ['item' => (int) $item->id, 'formula' => '=1']),
            'e' => $this->step('grade.set', ['element' => ['cm' => (int) $this->quiz->cmid], 'aggregation' => 'mean', 'idnumber' => 'q']),
            'f' => $this->step('grade.create_category', ['name' => 'К', 'idnumber' => 'x']),
            'g' => $this->step('grade.create_scale', ['name' => 'Ш', 'items' => ['а', 'б']]),
            'h' => $this->step('grade.create_scale', ['name' => 'Ш', 'items' => ['а', 'б']]),
            'i' => $this->step('grade.create_scale', ['name' => 'Щ', 'items' => ['а,в', 'б']]),
            'j' => $this->step('grade.create_item', ['name' => 'Г', 'scale' => '$g.id', 'gradepass' => '3']),
        ]));
        $weighted = ['t' => $this->step('grade.set', ['total' => true, 'aggregation' => 'weighted'])];
        $this->assertSame([], $this->faults($weighted + ['c' => $this->step('grade.create_item', ['name' => 'В', 'weight' => '0.5'])]));
    }

    public function test_an_element_goes_into_a_category_with_a_weight_and_comes_back() {
        global $DB;
        $this->prove([
            't' => $this->step('grade.set', ['total' => true, 'aggregation' => 'weighted']),
            'k' => $this->step('grade.create_category', ['name' => 'Тесты', 'aggregation' => 'weighted', 'weight' => '0.4']),
            'q' => $this->step('grade.set', ['element' => ['name' => 'Экзамен'], 'category' => '$k.id', 'weight' => '2']),
        ], function (array $results) use ($DB) {
            $item = $DB->get_record('grade_items', ['id' => $results['q']['item']]);
            $this->assertSame([(string) $results['k']['id'], 2.0], [$item->categoryid, (float) $item->aggregationcoef]);
            $this->assertSame(0.4, (float) $DB->get_field('grade_items', 'aggregationcoef', ['id' => $results['k']['item']]));
            $total = \grade_item::fetch_course_item($this->id);
            $this->assertSame([10, 100.0], [(int) $total->get_item_category()->aggregation, (float) $total->grademax]);
        });
    }

    public function test_what_people_got_is_not_destroyed() {
        $key = $this->key();
        $made = $this->do(['i' => $this->step('grade.create_item', ['name' => 'Практика'])], $key);
        $user = $this->getDataGenerator()->create_and_enrol($this->course);
        \grade_item::fetch(['id' => $made['i']['id']])->update_final_grade($user->id, 5);
        $this->assertSame('changedsince', $this->take_back($key)['errorcode']);
        $key = $this->key();
        $made = $this->do(['s' => $this->step('grade.create_scale', ['name' => 'Ш', 'items' => ['а', 'б']])], $key);
        $this->getDataGenerator()->create_grade_item(['courseid' => $this->id, 'gradetype' => GRADE_TYPE_SCALE, 'scaleid' => $made['s']['id']]);
        $this->assertSame('scaleused', $this->take_back($key)['errorcode']);
    }

    /**
     * Steps that make the exam and the grade a criterion.
     *
     * @param array $more
     * @return array
     */
    private function criteria(array $more = []): array {
        return [
            'on' => $this->step('course.update', ['completion' => true]),
            'c' => $this->step('completion.set', ['element' => ['name' => 'Экзамен'], 'tracking' => 'automatic', 'grade' => true]),
            'k' => $this->step('completion.set_criteria', $more + ['elements' => [['name' => 'Экзамен']], 'gradepass' => '60']),
        ];
    }

    public function test_a_course_is_completed_by_an_element_and_a_grade_and_that_is_taken_back() {
        global $DB;
        $this->prove($this->criteria(), function () use ($DB) {
            $rows = array_values($DB->get_records('course_completion_criteria', ['course' => $this->id], 'criteriatype'));
            $this->assertSame(['4', 'quiz', (string) $this->quiz->cmid], [$rows[0]->criteriatype, $rows[0]->module, $rows[0]->moduleinstance]);
            $this->assertSame(['6', 60.0], [$rows[1]->criteriatype, (float) $rows[1]->gradepass]);
            $info = new \completion_info(get_course($this->id));
            $this->assertSame(COMPLETION_AGGREGATION_ALL, (int) $info->get_aggregation_method());
            $this->assertCount(2, $info->get_criteria());
        });
        $this->do($this->criteria());
        $this->assertFalse($this->do($this->criteria())['k']['changed']);
        $this->assertSame(2, $DB->count_records('course_completion_criteria', ['course' => $this->id]), 'no duplicates');
    }

    public function test_criteria_that_are_there_and_people_who_fulfilled_them_are_respected() {
        global $DB;
        $this->do($this->criteria());
        $other = ['elements' => [], 'gradepass' => '70'];
        $this->assertSame(['steps[2].earlier criteriathere'], $this->faults($this->criteria($other)));
        $this->assertSame([], $this->faults($this->criteria($other + ['earlier' => 'replace'])));
        $user = $this->getDataGenerator()->create_and_enrol($this->course);
        $DB->insert_record('course_completions', [
            'userid' => $user->id, 'course' => $this->id, 'timeenrolled' => 1, 'timestarted' => 1, 'timecompleted' => 5, 'reaggregate' => 0,
        ]);
        $this->assertSame(['steps[2].course criteriastarted'], $this->faults($this->criteria($other + ['earlier' => 'replace'])));
        $course = (int) $this->getDataGenerator()->create_course(['enablecompletion' => 0])->id;
        $this->assertSame(['steps[0].course completionoff'], $this->faults(['k' => [
            'step' => 'completion.set_criteria', 'course' => $course, 'gradepass' => '60',
        ]]));
    }
}
