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
 * Tests of the rules that enrol people by their profiles.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/step_testcase.php');
require_once($GLOBALS['CFG']->dirroot . '/user/lib.php');

/**
 * Rules: who matches, what happens then, and what becomes of it.
 *
 * @covers \local_otbridge\step\rule_create
 * @covers \local_otbridge\rules
 * @covers \local_otbridge\observer
 * @covers \local_otbridge\rules_page
 * @covers \local_otbridge\task\sweep
 */
class rules_test extends step_testcase {
    /**
     * A field and a rule for the course.
     *
     * @param array $changes
     * @return array
     */
    private function steps(array $changes = []): array {
        return [
            'f' => [
                'step' => 'profile.create_field', 'shortname' => 'klass', 'name' => 'Класс', 'datatype' => 'menu',
                'category' => 'Школа', 'options' => ['5', '6', '7'],
            ],
            'r' => $changes + [
                'step' => 'rule.create', 'name' => 'Россия, 5–6 классы', 'course' => (int) $this->course->id, 'role' => 'student',
                'onleave' => 'suspend', 'conditions' => [
                    ['field' => 'country', 'values' => ['RU']], ['field' => '$f.input', 'values' => ['5', '6']],
                ],
            ],
        ];
    }

    /**
     * A new account as the web makes it: events after the profile is stored.
     *
     * @param string $username
     * @param string $country
     * @param string $klass
     * @return int
     */
    private function sign_up(string $username, string $country, string $klass): int {
        $id = user_create_user([
            'username' => $username, 'email' => "$username@example.ru", 'firstname' => 'А', 'lastname' => 'Б', 'country' => $country,
            'auth' => 'manual', 'confirmed' => 1, 'mnethostid' => $GLOBALS['CFG']->mnet_localhost_id, 'password' => 'Pass-1234',
        ], true, false);
        $this->set_country($id, $country);
        profile_save_data((object) ['id' => $id, 'profile_field_klass' => $klass]);
        \core\event\user_created::create_from_userid($id)->trigger();
        return $id;
    }

    /**
     * Change where somebody lives; the event comes by itself, or does not.
     *
     * @param int $id
     * @param string $country
     * @param bool $event
     */
    private function set_country(int $id, string $country, bool $event = false): void {
        $GLOBALS['DB']->set_field('user', 'country', $country, ['id' => $id]);
        if ($event) {
            \core\event\user_updated::create_from_userid($id)->trigger();
        }
    }

    /**
     * Whether somebody is enrolled, and active.
     *
     * @param int $id
     * @return bool|null null: not enrolled
     */
    private function active(int $id): ?bool {
        $context = \context_course::instance($this->course->id);
        return is_enrolled($context, $id) ? is_enrolled($context, $id, '', true) : null;
    }

    /**
     * Sweep, without its words.
     */
    private function sweep(): void {
        ob_start();
        (new task\sweep())->execute();
        ob_end_clean();
    }

    public function test_a_rule_enrols_a_new_account_and_suspends_who_no_longer_matches() {
        $this->do($this->steps());
        $this->assertNull($this->active($this->sign_up('other', 'KZ', '5')));
        $this->assertNull($this->active($this->sign_up('older', 'RU', '7')));
        $id = $this->sign_up('one', 'RU', '6');
        $this->assertTrue($this->active($id));
        $roles = get_user_roles(\context_course::instance($this->course->id), $id, false);
        $this->assertSame(['student'], array_column($roles, 'shortname'));
        $this->set_country($id, 'KZ', true);
        $this->assertFalse($this->active($id));
        $this->set_country($id, 'RU', true);
        $this->assertTrue($this->active($id));
    }

    public function test_people_who_are_there_already_are_enrolled_by_the_step_and_unenrolled_by_its_undoing() {
        $this->do(['f' => $this->steps()['f']]);
        $id = $this->sign_up('one', 'RU', '5');
        $rule = ['conditions' => [
            ['field' => 'country', 'values' => ['RU']], ['field' => 'profile_field_klass', 'values' => ['5', '6']],
        ], ] + $this->steps()['r'];
        $this->prove(['r' => $rule], function (array $results) use ($id) {
            $this->assertSame([1, 1], [$results['r']['matching'], $results['r']['enrolled']]);
            $this->assertTrue($this->active($id));
            $this->assertStringContainsString('Россия, 5–6 классы', rules_page::listing());
        });
    }

    public function test_the_sweep_sees_what_no_event_told_and_others_enrolments_stay() {
        global $DB;
        $this->do($this->steps(['onleave' => 'suspend']));
        $theirs = $this->sign_up('theirs', 'KZ', '5');
        $this->getDataGenerator()->enrol_user($theirs, $this->course->id, 'student');
        $removed = $this->sign_up('removed', 'RU', '5');
        enrol_get_plugin('manual')->unenrol_user(enrolments::manual((int) $this->course->id), $removed);
        $quiet = $this->sign_up('quiet', 'KZ', '5');
        $DB->set_field('user', 'country', 'RU', []);
        $this->sweep();
        $this->assertSame([true, null, true], [$this->active($theirs), $this->active($removed), $this->active($quiet)]);
        $DB->set_field('user', 'country', 'KZ', []);
        $this->sweep();
        $this->assertSame([true, null, false], [$this->active($theirs), $this->active($removed), $this->active($quiet)]);
    }

    public function test_a_rule_may_leave_who_no_longer_matches_and_is_off_when_switched_off() {
        $made = $this->do($this->steps(['onleave' => 'keep']));
        $id = $this->sign_up('one', 'RU', '6');
        $this->set_country($id, 'KZ', true);
        $this->assertTrue($this->active($id));
        rules::enable($made['r']['id'], false);
        $this->assertNull($this->active($this->sign_up('two', 'RU', '6')));
        $this->sweep();
        rules::enable($made['r']['id'], true);
        $this->sweep();
        $this->assertTrue($this->active((int) $GLOBALS['DB']->get_field('user', 'id', ['username' => 'two'])));
    }

    public function test_a_rule_for_a_group_and_one_for_a_cohort() {
        $group = (int) $this->getDataGenerator()->create_group(['courseid' => $this->course->id])->id;
        $cohort = (int) $this->getDataGenerator()->create_cohort()->id;
        $steps = $this->steps(['group' => $group]);
        $steps['c'] = ['step' => 'rule.create', 'name' => 'Шестые', 'cohort' => $cohort, 'onleave' => 'keep', 'conditions' => [
            ['field' => '$f.input', 'values' => ['6']],
        ], ];
        $key = $this->key();
        $this->do($steps, $key);
        $id = $this->sign_up('one', 'RU', '6');
        $this->assertSame([true, true], [groups_is_member($group, $id), cohort_is_member($cohort, $id)]);
        $this->set_country($id, 'KZ', true);
        $this->assertSame([false, true], [groups_is_member($group, $id), cohort_is_member($cohort, $id)]);
        $GLOBALS['DB']->delete_records('user_info_data');
        $this->assertSame('done', $this->take_back($key)['status']);
        $this->assertNull($this->active($id));
        $this->assertFalse(cohort_is_member($cohort, $id));
        $this->assertSame([0, 0], [$GLOBALS['DB']->count_records(rules::TABLE), $GLOBALS['DB']->count_records(rules::PEOPLE)]);
    }

    public function test_a_rule_whose_people_were_in_the_course_is_not_taken_back() {
        $key = $this->key();
        $this->do($this->steps(), $key);
        $id = $this->sign_up('one', 'RU', '6');
        $GLOBALS['DB']->insert_record('user_lastaccess', (object) [
            'userid' => $id, 'courseid' => $this->course->id, 'timeaccess' => time() + 5,
        ]);
        $this->assertSame('changedsince', $this->take_back($key)['errorcode']);
        $this->assertTrue($this->active($id));
    }

    public function test_conditions_that_would_never_be_true_are_refused() {
        $this->do(['f' => $this->steps()['f'], 'd' => [
            'step' => 'profile.create_field', 'shortname' => 'born', 'name' => 'Дата', 'datatype' => 'datetime', 'category' => 'Школа',
        ], ]);
        $rule = function (array $condition, array $changes = []) {
            return ['r' => $changes + ['conditions' => [$condition + ['values' => ['5']]]] + $this->steps()['r']];
        };
        $cohort = (int) $this->getDataGenerator()->create_cohort()->id;
        $bare = ['course' => null, 'role' => '', 'cohort' => $cohort];
        foreach ([
            ['conditions[0].field unknownprofilefield', $rule(['field' => 'profile_field_no'])],
            ['conditions[0].field unknownprofilefield', $rule(['field' => 'password'])],
            ['conditions[0].field profilefieldnotcomparable', $rule(['field' => 'profile_field_born', 'values' => ['01.01.2000']])],
            ['conditions[0].values profilevalue', $rule(['field' => 'profile_field_klass', 'values' => ['8']])],
            ['conditions[0].values countrynotfound', $rule(['field' => 'country', 'values' => ['Россия']])],
            ['role rolenotallowed', $rule(['field' => 'city'], ['role' => 'manager'])],
            ['role parammissing', $rule(['field' => 'city'], ['role' => ''])],
            ['course courseorcohort', $rule(['field' => 'city'], ['cohort' => $cohort])],
        ] as [$fault, $steps]) {
            $this->assertSame(["steps[0].$fault"], $this->faults($steps));
        }
        $steps = $rule(['field' => 'city']);
        unset($steps['r']['course'], $steps['r']['role']);
        $steps['r']['cohort'] = $cohort;
        $this->assertSame(['steps[0].onleave cohortunenrols'], $this->faults($steps), 'grades would go');
        set_config('unenrolaction', ENROL_EXT_REMOVED_SUSPENDNOROLES, 'enrol_cohort');
        $this->assertSame([], $this->faults($steps));
    }

    public function test_fields_that_nobody_filled_in_have_their_defaults() {
        $steps = $this->steps();
        $steps['f']['defaultvalue'] = '5';
        $this->do($steps);
        $user = $this->getDataGenerator()->create_user();
        $this->set_country((int) $user->id, 'RU', true);
        $this->assertTrue($this->active((int) $user->id));
    }

    public function test_a_rule_with_a_gone_course_is_forgotten_and_a_broken_one_stops_no_login() {
        $this->do($this->steps());
        $id = $this->sign_up('one', 'RU', '6');
        delete_course($this->course->id, false);
        \core\event\user_loggedin::create(['userid' => $id, 'objectid' => $id, 'other' => ['username' => 'one']])->trigger();
        $this->sweep();
        $this->assertSame(0, $GLOBALS['DB']->count_records(rules::TABLE));
        $this->course = $this->getDataGenerator()->create_course();
    }
}
