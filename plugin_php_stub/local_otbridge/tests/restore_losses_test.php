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
 * Tests of what a site cannot take from a backup.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/restore_testcase.php');

use local_otbridge\external\check;

/**
 * Nothing is left out without a word, and more than the site allows stops before anything is made.
 *
 * @covers \local_otbridge\losses
 * @covers \local_otbridge\backup_lists
 * @covers \local_otbridge\course_contents
 * @covers \local_otbridge\course_restorer
 */
class restore_losses_test extends restore_testcase {
    /**
     * Check an order.
     *
     * @param array $order
     * @return array codes of faults, words of notes
     */
    private function planned(array $order): array {
        $step = $order + ['step' => 'course.restore', 'as' => 'course', 'category' => 1, 'lang' => 'ru'];
        $told = check::execute(json_encode(['version' => 1, 'files' => [], 'steps' => [$step]]));
        return [array_column($told['faults'], 'code'), array_column($told['notes'], 'message')];
    }

    public function test_each_thing_that_is_missing_is_told_before_and_after() {
        global $DB;
        $generator = $this->getDataGenerator();
        $course = $generator->create_course(['shortname' => 'chem', 'format' => 'weeks']);
        $generator->create_module('chat', ['course' => $course->id]);
        $generator->create_module('page', ['course' => $course->id]);
        $generator->create_block('online_users', ['parentcontextid' => \context_course::instance($course->id)->id]);
        $cohort = $generator->create_cohort();
        $student = $generator->create_user();
        cohort_add_member($cohort->id, $student->id);
        set_config('enrol_plugins_enabled', 'manual,self,cohort');
        enrol_get_plugin('cohort')->add_instance($course, [
            'customint1' => $cohort->id, 'roleid' => $DB->get_field('role', 'id', ['shortname' => 'student']),
        ]);
        $DB->set_field('enrol', 'status', 0, ['courseid' => $course->id, 'enrol' => 'self']);
        $user = $generator->create_and_enrol($course, 'student', null, 'self');
        $roleid = $generator->create_role(['shortname' => 'methodist', 'archetype' => '']);
        role_assign($roleid, $user->id, \context_course::instance($course->id));
        delete_course($course, false);
        $ref = $this->find(['shortname' => 'chem'])['backups'][0]['ref'];
        $this->assertSame([[], []], $this->planned(['ref' => $ref]), 'nothing is missing yet');

        $DB->set_field('modules', 'name', 'formerchat', ['name' => 'chat']);
        $DB->set_field('block', 'name', 'formerblock', ['name' => 'online_users']);
        cohort_delete_cohort($cohort);
        set_config('enrol_plugins_enabled', 'manual,cohort');
        delete_role($roleid);
        [$faults, $notes] = $this->planned(['ref' => $ref]);
        $this->assertSame(['lossnotallowed'], $faults);
        $expected = [
            'Не вернутся элементы модуля chat, которого нет в системе: 1', 'Не вернутся блоки online_users, которых нет в системе: 1',
            "Глобальной группы {$cohort->id} больше нет, не вернётся способ записи по ней; записей на курс: 1",
            'Роли methodist больше нет: её назначения не вернутся, или вместо неё будет взята роль того же прототипа',
        ];
        foreach ($expected as $words) {
            $this->assertContains($words, $notes);
        }
        $this->assertCount(1, preg_grep('/выключен, не вернутся записи на курс: 1$/u', $notes), implode("\n", $notes));
        $this->assertCount(5, $notes);
        $this->assertSame('lossnotallowed', $this->refusal(['ref' => $ref]));
        $this->assertSame([[], $notes], $this->planned(['ref' => $ref, 'acceptlosses' => true]));

        $row = $this->work($this->order(['ref' => $ref, 'acceptlosses' => true, 'lang' => 'ru']));
        $this->assertSame('done', $row->status, (string) $row->error);
        $this->assertSame([], array_diff($notes, $row->result->warnings));
        $this->assertContains('Вернулось меньше, чем есть в копии, элементы курса: 1 из 2', $row->result->warnings);
        $this->assertSame([1, 2], $row->result->compared->activities);
        $this->assertSame([0, 2], $row->result->compared->enrolments);
        $this->assertEmpty(preg_grep('/[a-z]+ [a-z]+ [a-z]+/', $row->result->warnings), 'English');
    }

    public function test_the_site_says_which_losses_stop() {
        global $DB;
        $this->deleted_course();
        $ref = $this->find(['shortname' => 'chem'])['backups'][0]['ref'];
        $DB->set_field('modules', 'name', 'former', ['name' => 'forum']);
        $key = null;
        foreach ([['activities', ['lossnotallowed']], ['', []], ['blocks', []]] as [$stop, $faults]) {
            set_config('lossesstop', $stop, 'local_otbridge');
            $this->assertSame($faults, $this->planned(['ref' => $ref])[0]);
            $key = $key ?? ($faults ? null : $this->order(['ref' => $ref]));
        }
        set_config('lossesstop', 'activities', 'local_otbridge');
        $row = $this->work($key);
        $this->assertSame(['failed', 'lossnotallowed'], [$row->status, $row->errorcode]);
        $this->assertFalse($DB->record_exists('course', ['shortname' => 'chem']));
    }

    public function test_locked_fields_come_back() {
        $generator = $this->getDataGenerator();
        $category = $generator->create_custom_field_category([]);
        foreach (['open' => 0, 'locked' => 1, 'former' => 0] as $name => $locked) {
            $field = $generator->create_custom_field([
                'categoryid' => $category->get('id'), 'shortname' => $name, 'type' => 'text', 'configdata' => ['locked' => $locked],
            ]);
        }
        $values = array_map(static function ($name) {
            return ['shortname' => $name, 'value' => "my $name"];
        }, ['open', 'locked', 'former']);
        $course = $generator->create_course(['shortname' => 'chem', 'customfields' => $values]);
        delete_course($course, false);
        \core_course\customfield\course_handler::create()->delete_field_configuration($field);
        $ref = $this->find(['shortname' => 'chem'])['backups'][0]['ref'];
        $row = $this->work($this->order(['ref' => $ref, 'lang' => 'ru']));
        $this->assertSame(['Не вернётся дополнительное поле курса former: его нет в системе'], $row->result->warnings);
        $data = \core_course\customfield\course_handler::create()->export_instance_data_object($row->result->id);
        $this->assertEquals((object) ['open' => 'my open', 'locked' => 'my locked'], $data);
    }

    public function test_without_people_methods_and_keys_come_back_and_nobody_s_views() {
        global $DB;
        $generator = $this->getDataGenerator();
        $course = $generator->create_course(['shortname' => 'chem', 'enablecompletion' => 1]);
        $page = $generator->create_module('page', ['course' => $course->id, 'completion' => 2, 'completionview' => 1]);
        $DB->set_field('enrol', 'status', 0, ['courseid' => $course->id, 'enrol' => 'self']);
        $DB->set_field('enrol', 'password', 'sesame', ['courseid' => $course->id, 'enrol' => 'self']);
        foreach ([1, 2] as $number) {
            $user = $generator->create_and_enrol($course, 'student');
            $this->setUser($user);
            $info = new \completion_info(get_course($course->id));
            $info->set_module_viewed(get_fast_modinfo($course)->get_cm($page->cmid), $user->id);
        }
        $this->setAdminUser();
        $this->assertSame(2, $DB->count_records('course_modules_viewed'));
        delete_course($course, false);
        $ref = $this->find(['shortname' => 'chem'])['backups'][0]['ref'];
        $row = $this->work($this->order(['ref' => $ref, 'users' => false]));
        $this->assertSame('done', $row->status, (string) $row->error);
        $self = $DB->get_record('enrol', ['courseid' => $row->result->id, 'enrol' => 'self']);
        $this->assertSame(['0', 'sesame'], [$self->status, $self->password]);
        $this->assertSame(0, $DB->count_records('course_modules_completion'));
        $this->assertSame(0, $DB->count_records_sql('SELECT COUNT(*) FROM {user_enrolments}'));
    }

    public function test_a_role_that_was_made_by_a_step_comes_back_with_its_assignments() {
        global $DB;
        $generator = $this->getDataGenerator();
        $bridge = $generator->create_user();
        $bridgerole = $generator->create_role(['shortname' => 'bridge']);
        $system = \context_system::instance();
        foreach (array_merge(external\get_info::needed(), ['moodle/role:assign']) as $capability) {
            assign_capability($capability, CAP_ALLOW, $bridgerole, $system->id, true);
        }
        role_assign($bridgerole, $bridge->id, $system);
        core_role_set_assign_allowed($bridgerole, $DB->get_field('role', 'id', ['shortname' => 'student']));
        $this->setUser($bridge);
        $program = ['version' => 1, 'files' => [], 'steps' => [
            ['step' => 'role.create', 'as' => 'role', 'shortname' => 'methodist', 'name' => 'Методист', 'contextlevels' => ['course']],
        ], ];
        $told = external\run::execute('00000000-0000-4000-8000-00000000aaaa', json_encode($program), 0);
        $this->assertSame('done', $told['status'], $told['error']);
        $this->setAdminUser();
        $course = $generator->create_course(['shortname' => 'chem']);
        $user = $generator->create_and_enrol($course, 'student');
        $roleid = $DB->get_field('role', 'id', ['shortname' => 'methodist']);
        role_assign($roleid, $user->id, \context_course::instance($course->id));
        delete_course($course, false);
        $this->setUser($bridge);
        $row = $this->work($this->order(['ref' => $this->find(['shortname' => 'chem'])['backups'][0]['ref']]));
        $this->assertSame(['done', []], [$row->status, $row->result->warnings ?? $row->error]);
        $context = \context_course::instance($row->result->id);
        $this->assertTrue($DB->record_exists('role_assignments', ['roleid' => $roleid, 'contextid' => $context->id]));
    }
}
