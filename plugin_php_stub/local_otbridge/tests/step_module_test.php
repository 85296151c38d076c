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
 * Tests of the step that adds activities.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/step_testcase.php');

/**
 * Activities of each kind.
 *
 * @covers \local_otbridge\step\module_add
 * @covers \local_otbridge\activity
 * @covers \local_otbridge\activity\mod_assign
 * @covers \local_otbridge\activity\mod_folder
 * @covers \local_otbridge\activity\mod_glossary
 * @covers \local_otbridge\activity\mod_label
 * @covers \local_otbridge\activity\mod_lesson
 * @covers \local_otbridge\activity\mod_page
 * @covers \local_otbridge\activity\mod_quiz
 * @covers \local_otbridge\activity\mod_resource
 * @covers \local_otbridge\activity\mod_url
 */
class step_module_test extends step_testcase {
    /**
     * A step that adds an activity.
     *
     * @param string $type
     * @param array $more
     * @return array
     */
    private function add(string $type, array $more = []): array {
        return $more + [
            'step' => 'module.add', 'course' => (int) $this->course->id, 'section' => 1, 'type' => $type, 'name' => 'Опыты & выводы',
            'introhtml' => '<p>Вступление</p>', 'idnumber' => 'n-' . $type,
        ];
    }

    /**
     * Kinds with settings and fields that their rows must have.
     *
     * @return array
     */
    public static function kinds(): array {
        return [
            'quiz' => ['quiz', [], [
                'sumgrades' => 0.0, 'grade' => 10.0, 'preferredbehaviour' => 'deferredfeedback', 'overduehandling' => 'autosubmit',
                'questionsperpage' => '1', 'shuffleanswers' => '1', 'reviewattempt' => (string) 0x11110,
                'reviewoverallfeedback' => (string) 0x01110, 'password' => '',
            ]],
            'quiz with settings' => ['quiz', [
                'attempts' => 2, 'grade' => '50.5', 'gradepass' => '25.25', 'timelimit' => 1800, 'grademethod' => 'last',
                'navmethod' => 'sequential', 'password' => 'слово',
            ], ['attempts' => '2', 'grade' => 50.5, 'timelimit' => '1800', 'grademethod' => '4', 'navmethod' => 'sequential',
                'password' => 'слово', ]],
            'assign' => ['assign', [], ['grade' => '100', 'nosubmissions' => '0', 'duedate' => '0', 'submissiondrafts' => '0']],
            'assign with settings' => ['assign', [
                'duedate' => 1900000000, 'submissiontypes' => ['file', 'onlinetext'], 'maxfiles' => 3, 'filetypes' => '.pdf',
                'wordlimit' => 100, 'maxattempts' => 2,
            ], ['duedate' => '1900000000', 'maxattempts' => '2', 'attemptreopenmethod' => 'manual', 'nosubmissions' => '0']],
            'lesson' => ['lesson', [], ['custom' => '1', 'grade' => '100', 'maxanswers' => '5', 'maxattempts' => '1']],
            'glossary' => ['glossary', [], ['displayformat' => 'dictionary', 'defaultapproval' => '1', 'assessed' => '0']],
            'page' => ['page', ['contenthtml' => '<h4>Текст</h4>'], ['content' => '<h4>Текст</h4>', 'contentformat' => '1']],
            'url' => ['url', ['externalurl' => 'https://example.ru/a?b=1&c=2'], ['externalurl' => 'https://example.ru/a?b=1&c=2']],
        ];
    }

    /**
     * Each is made once, with the fields that the form gives, and taken back.
     *
     * @dataProvider kinds
     * @param string $type
     * @param array $settings
     * @param array $fields
     */
    public function test_a_kind(string $type, array $settings, array $fields) {
        global $DB;
        $step = $this->add($type, $settings ? ['settings' => $settings] : []);
        $this->prove(['m' => $step], function (array $results) use ($DB, $type, $fields) {
            $row = $DB->get_record($type, ['id' => $results['m']['instance']]);
            foreach ($fields as $name => $value) {
                $this->assertSame($value, is_float($value) ? (float) $row->$name : $row->$name, $name);
            }
            $this->assertSame('Опыты & выводы', $row->name);
            $graded = in_array($type, ['quiz', 'assign', 'lesson'], true);
            $this->assertSame($graded, $DB->record_exists('grade_items', ['iteminstance' => $row->id, 'itemmodule' => $type]));
            $this->assertStringContainsString("/mod/$type/view.php?id=" . $results['m']['cmid'], $results['m']['url']);
        });
    }

    public function test_a_label_has_its_text_for_a_name() {
        global $DB;
        $step = $this->add('label', ['name' => '', 'introhtml' => '<p>Слово</p>']);
        $this->prove(['m' => $step], function (array $results) use ($DB) {
            $this->assertSame('Слово', $DB->get_field('label', 'name', ['id' => $results['m']['instance']]));
        });
        $this->assertSame(['steps[0].introhtml paramlength'], $this->faults(['m' => $this->add('label', ['introhtml' => '<p> </p>'])]));
    }

    public function test_files_come_with_their_names() {
        $one = $this->file('Опыт 1.pdf', 'content one');
        $two = $this->file('two.txt', 'content two');
        $steps = [
            'r' => $this->add('resource', ['files' => [$two, $one]]),
            'f' => $this->add('folder', ['files' => [$one, $two], 'section' => 0]),
        ];
        $this->prove($steps, function (array $results) {
            foreach (['r' => 'mod_resource', 'f' => 'mod_folder'] as $label => $component) {
                $context = \context_module::instance($results[$label]['cmid']);
                $files = get_file_storage()->get_area_files($context->id, $component, 'content', 0, 'filename', false);
                $names = [];
                foreach ($files as $file) {
                    $names[$file->get_filename()] = [$file->get_content(), (int) $file->get_sortorder()];
                }
                $main = $label === 'r' ? 1 : 0;
                $this->assertEquals(['two.txt' => ['content two', $main], 'Опыт 1.pdf' => ['content one', 0]], $names);
            }
        });
    }

    public function test_an_assignment_takes_what_was_ordered() {
        global $CFG;
        require_once($CFG->dirroot . '/mod/assign/locallib.php');
        $made = $this->do(['m' => $this->add('assign', ['settings' => ['submissiontypes' => ['onlinetext'], 'wordlimit' => 70]])]);
        $cm = get_coursemodule_from_id('assign', $made['m']['cmid']);
        $assign = new \assign(\context_module::instance($cm->id), $cm, $this->course);
        $this->assertTrue((bool) $assign->get_submission_plugin_by_type('onlinetext')->is_enabled());
        $this->assertFalse((bool) $assign->get_submission_plugin_by_type('file')->is_enabled());
        $this->assertSame('70', $assign->get_submission_plugin_by_type('onlinetext')->get_config('wordlimit'));
    }

    /**
     * Steps that would be stored in silence and be wrong, or fail.
     *
     * @return array
     */
    public static function wrong(): array {
        return [
            [['type' => 'quiz', 'settings' => ['attempts' => 11]], 'settings.attempts paramrange'],
            [['type' => 'quiz', 'settings' => ['attempts' => '3']], 'settings.attempts paramtype'],
            [['type' => 'quiz', 'settings' => ['grade' => '50,5']], 'settings.grade paramtype'],
            [['type' => 'quiz', 'settings' => ['grade' => '10', 'gradepass' => '11']], 'settings.gradepass paramrange'],
            [['type' => 'quiz', 'settings' => ['gradepass' => '10.5']], 'settings.gradepass paramrange'],
            [['type' => 'quiz', 'settings' => ['timeopen' => 200, 'timeclose' => 100]], 'settings.timeclose timesorder'],
            [['type' => 'quiz', 'settings' => ['preferredbehaviour' => 'nosuch']], 'settings.preferredbehaviour paramchoice'],
            [['type' => 'quiz', 'settings' => ['nosuch' => 1]], 'settings.nosuch paramunknown'],
            [['type' => 'assign', 'settings' => ['grade' => 101]], 'settings.grade paramrange'],
            [['type' => 'assign', 'settings' => ['submissiontypes' => []]], 'settings.submissiontypes paramcount'],
            [['type' => 'assign', 'settings' => ['maxfiles' => 21]], 'settings.maxfiles paramrange'],
            [['type' => 'assign', 'settings' => ['filetypes' => '.nosuch']], 'settings.filetypes filetypeunknown'],
            [['type' => 'assign', 'settings' => ['duedate' => 200, 'cutoffdate' => 100]], 'settings.cutoffdate timesorder'],
            [['type' => 'glossary', 'settings' => ['displayformat' => 'nosuch']], 'settings.displayformat paramchoice'],
            [['type' => 'page'], 'settings parammissing'],
            [['type' => 'page', 'settings' => ['contenthtml' => '<img src="http://a/draftfile.php/5/user/draft/1/a.png" />']],
                'settings.contenthtml draftaddress', ],
            [['type' => 'url', 'settings' => ['externalurl' => 'javascript:alert(1)']], 'settings.externalurl parampattern'],
            [['type' => 'url', 'settings' => ['externalurl' => 'example.ru']], 'settings.externalurl parampattern'],
            [['type' => 'url', 'settings' => ['externalurl' => 'https://a.ru/', 'display' => 'new']], 'settings.display paramchoice'],
            [['type' => 'resource'], 'files paramcount'],
            [['type' => 'nosuch', 'settings' => ['a' => 1]], 'type paramchoice'],
            [['type' => 'quiz', 'section' => -1], 'section paramrange'],
            [['type' => 'quiz', 'section' => 4], 'section sectionnotfound'],
            [['type' => 'quiz', 'name' => ''], 'name paramlength'],
            [['type' => 'quiz', 'idnumber' => 'taken'], 'idnumber idnumbertaken'],
        ];
    }

    /**
     * Each is found beforehand, and named by its path.
     *
     * @dataProvider wrong
     * @param array $more
     * @param string $fault
     */
    public function test_a_wrong_setting(array $more, string $fault) {
        $this->getDataGenerator()->create_module('page', ['course' => $this->course->id, 'cmidnumber' => 'taken']);
        $this->assertSame(['steps[0].' . $fault], $this->faults(['m' => $more + $this->add($more['type'])]));
    }

    public function test_what_an_earlier_step_takes_is_taken() {
        $this->assertSame(['steps[1].idnumber idnumbertaken'], $this->faults([
            'a' => $this->add('quiz', ['idnumber' => 'k']), 'b' => $this->add('assign', ['idnumber' => 'k']),
        ]));
    }

    public function test_a_section_that_the_program_does_not_make() {
        $course = [
            'step' => 'course.create', 'category' => (int) $this->course->category, 'fullname' => 'Новый',
            'shortname' => 'new' . random_int(1, 1000000), 'sections' => [['name' => 'Один']],
        ];
        $this->assertSame(['steps[2].section sectionnotfound'], $this->faults([
            'c' => $course, 'a' => ['course' => '$c.id'] + $this->add('quiz', ['idnumber' => '']),
            'b' => ['course' => '$c.id', 'section' => 2] + $this->add('quiz', ['idnumber' => '']),
        ]));
    }

    public function test_two_files_of_one_name() {
        $files = [$this->file('same.txt', 'one'), $this->file('same.txt', 'two')];
        $this->assertSame(['steps[0].files filenametwice'], $this->faults(['f' => $this->add('folder', ['files' => $files])]));
    }

    public function test_a_kind_that_is_off() {
        global $DB;
        $DB->set_field('modules', 'visible', 0, ['name' => 'lesson']);
        $this->assertSame(['steps[0].type moduleoff'], $this->faults(['m' => $this->add('lesson')]));
    }

    public function test_rights_are_asked_for() {
        global $DB;
        $teacher = $this->getDataGenerator()->create_and_enrol($this->course, 'editingteacher');
        $system = \context_system::instance()->id;
        $role = create_role('Мост', 'bridge' . $teacher->id, '');
        assign_capability('local/otbridge:run', CAP_ALLOW, $role, $system);
        role_assign($role, $teacher->id, $system);
        $editing = $DB->get_field('role', 'id', ['shortname' => 'editingteacher']);
        assign_capability('mod/lesson:addinstance', CAP_PROHIBIT, $editing, \context_course::instance($this->course->id)->id, true);
        $this->setUser($teacher);
        $this->assertSame(['steps[1] nopermissions'], $this->faults(['q' => $this->add('quiz'), 'l' => $this->add('lesson')]));
    }

    public function test_an_attempt_or_a_change_keeps_the_activity() {
        global $DB;
        $key = $this->key();
        $made = $this->do(['q' => $this->add('quiz'), 'p' => $this->add('page', ['settings' => ['contenthtml' => 'x']])], $key);
        $user = $this->getDataGenerator()->create_user();
        $DB->insert_record('quiz_attempts', (object) [
            'quiz' => $made['q']['instance'], 'userid' => $user->id, 'attempt' => 1, 'uniqueid' => random_int(1000000, 2000000000), 'layout' => '', 'preview' => 0,
            'state' => 'inprogress', 'timestart' => time(), 'timemodified' => time(),
        ]);
        $undone = $this->take_back($key);
        $this->assertSame('changedsince', $undone['errorcode']);
        $this->assertStringContainsString('quiz_attempts', $undone['faults']);
        $this->assertSame(['steps[1] module.add'], json_decode($undone['result'], true)['undone']);
        $this->assertTrue($DB->record_exists('course_modules', ['id' => $made['q']['cmid']]));
    }

    public function test_what_a_dead_undoing_left_goes() {
        global $DB;
        $before = $this->snapshot();
        $key = $this->key();
        $made = $this->do(['q' => $this->add('assign'), 'p' => $this->add('page', ['settings' => ['contenthtml' => 'x']])], $key);
        $DB->delete_records('assign', ['id' => $made['q']['instance']]);
        $DB->delete_records('assign_plugin_config', ['assignment' => $made['q']['instance']]);
        $DB->delete_records('page', ['id' => $made['p']['instance']]);
        $DB->delete_records('course_modules', ['id' => $made['p']['cmid']]);
        $undone = $this->take_back($key);
        $this->assertSame('done', $undone['status'], $undone['error']);
        $this->assertSame([], $this->differences($before, $this->snapshot()));
        $this->render();
    }

    public function test_a_fault_in_a_later_step_leaves_nothing() {
        global $DB;
        set_config('coursebinenable', 1, 'tool_recyclebin');
        $other = (int) $this->getDataGenerator()->create_course()->id;
        $before = $this->snapshot();
        // Only once both are there it can be seen that they are in two courses.
        $told = external\run::execute($this->key(), $this->program([
            'q' => $this->add('quiz'), 'f' => $this->add('folder', ['files' => [$this->file('one.txt', 'one')]]),
            'p' => ['step' => 'grouping.create', 'course' => (int) $this->course->id, 'name' => 'Поток'],
            'g' => ['step' => 'group.create', 'course' => $other, 'name' => 'Группа'],
            'a' => ['step' => 'grouping.add', 'grouping' => '$p.id', 'group' => '$g.id'],
        ]), $this->draft());
        $this->assertSame(['failed', 'othercourse'], [$told['status'], $told['errorcode']]);
        $this->assertSame([], json_decode($told['result'], true)['left']);
        $this->assertSame([], $this->differences($before, $this->snapshot()));
        $this->assertSame(0, $DB->count_records('tool_recyclebin_course'));
        $this->render();
    }
}
