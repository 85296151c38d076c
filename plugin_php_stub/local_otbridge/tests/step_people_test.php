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
 * Tests of the steps for people: accounts, profile fields, roles, enrolments, cohorts.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/step_testcase.php');

/**
 * Accounts, profile fields, roles, enrolments, cohorts.
 *
 * @covers \local_otbridge\step\user_create
 * @covers \local_otbridge\step\profile_create_field
 * @covers \local_otbridge\step\role_assign
 * @covers \local_otbridge\step\user_enrol
 * @covers \local_otbridge\step\cohort_create
 * @covers \local_otbridge\step\cohort_add_member
 * @covers \local_otbridge\step\enrol_add
 * @covers \local_otbridge\assigning
 * @covers \local_otbridge\profile
 */
class step_people_test extends step_testcase {
    /**
     * A step user.create.
     *
     * @param array $changes
     * @return array
     */
    private function person(array $changes = []): array {
        return $changes + [
            'step' => 'user.create', 'username' => 'ivanov', 'firstname' => 'Иван', 'lastname' => 'Иванов',
            'email' => 'ivanov@example.ru',
        ];
    }

    /**
     * A step profile.create_field.
     *
     * @param array $changes
     * @return array
     */
    private function field(array $changes = []): array {
        return $changes + [
            'step' => 'profile.create_field', 'shortname' => 'klass', 'name' => 'Класс', 'datatype' => 'menu',
            'category' => 'Школа', 'options' => ['5', '6', '7'],
        ];
    }

    public function test_an_account_is_made_with_its_profile_and_moodle_makes_the_password() {
        global $DB;
        $key = $this->key();
        $before = $this->snapshot();
        $made = $this->do([
            'f' => $this->field(),
            'u' => $this->person([
                'department' => 'Цех № 5', 'country' => 'RU', 'idnumber' => 'T-1', 'phone1' => '+7 495', 'city' => 'Москва',
                'profile' => [['field' => '$f.input', 'value' => '6']],
            ]),
        ], $key);
        $user = $DB->get_record('user', ['id' => $made['u']['id']], '*', MUST_EXIST);
        $this->assertSame(
            ['ivanov', 'Цех № 5', 'RU', 'T-1', '+7 495', 'Москва', '1'],
            [$user->username, $user->department, $user->country, $user->idnumber, $user->phone1, $user->city, $user->confirmed]
        );
        $this->assertSame('6', profile_user_record($user->id)->klass);
        $this->assertFalse(validate_internal_user_password($user, 'to be generated'));
        $this->assertSame('1', get_user_preferences('create_password', null, $user->id));
        $sink = $this->redirectEmails();
        ob_start();
        (new \core\task\send_new_user_passwords_task())->execute();
        ob_end_clean();
        $this->assertSame(['ivanov@example.ru'], array_column($sink->get_messages(), 'to'));
        $this->assertSame('1', get_user_preferences('auth_forcepasswordchange', null, $user->id));

        $undone = $this->take_back($key);
        $this->assertSame('done', $undone['status'], $undone['error']);
        $left = $this->differences($before, $this->snapshot());
        $tables = array_map(static function ($row) {
            return strtok($row, ':');
        }, $left);
        // Core keeps the row of a deleted account and its context, and notes that its data may be forgotten.
        $this->assertSame([], array_diff($tables, ['user', 'context', 'tool_dataprivacy_request']), implode("\n", $left));
        $this->assertSame('1', $DB->get_field('user', 'deleted', ['id' => $user->id]));
        $this->do(['u' => $this->person()]);
    }

    public function test_an_account_whose_owner_came_stays() {
        global $DB;
        $key = $this->key();
        $made = $this->do(['u' => $this->person()], $key);
        $DB->set_field('user', 'currentlogin', time(), ['id' => $made['u']['id']]);
        $this->assertSame('changedsince', $this->take_back($key)['errorcode']);
        $this->assertSame('0', $DB->get_field('user', 'deleted', ['id' => $made['u']['id']]));
    }

    public function test_faults_of_accounts_are_found_beforehand() {
        $this->getDataGenerator()->create_user(['username' => 'taken', 'email' => 'Taken@Example.RU', 'idnumber' => 'N-1']);
        $this->do(['f' => $this->field()]);
        set_config('denyemailaddresses', 'mail.bad');
        $faults = [
            'usernametaken' => ['username' => ['username' => 'taken']],
            'usernameform' => ['username' => ['username' => 'Ivanov']],
            'usernamealike' => ['username' => ['username' => 'adm1n']],
            'emailtaken' => ['email' => ['email' => 'taken@example.ru']],
            'emailform' => ['email' => ['email' => 'иванов@']],
            'emailnotallowed' => ['email' => ['email' => 'a@mail.bad']],
            'idnumbertaken' => ['idnumber' => ['idnumber' => 'n-1']],
            'countrynotfound' => ['country' => ['country' => 'XX']],
            'langnotfound' => ['lang' => ['lang' => 'tlh']],
            'authnotallowed' => ['auth' => ['auth' => 'nologin']],
            'unknownprofilefield' => ['profile[0].field' => ['profile' => [['field' => 'profile_field_no', 'value' => '1']]]],
            'profilevalue' => ['profile[0].field' => ['profile' => [['field' => 'klass', 'value' => '8']]]],
        ];
        foreach ($faults as $code => $one) {
            foreach ($one as $path => $params) {
                $this->assertSame(["steps[0].$path $code"], $this->faults(['u' => $this->person($params)]), $code);
            }
        }
        foreach (['іvanov', 'ivan ov', 'иванов'] as $username) {
            $this->assertSame(['steps[0].username usernameform'], $this->faults(['u' => $this->person(['username' => $username])]));
        }
        $this->assertSame(['steps[1].email emailtaken', 'steps[2].username usernametaken'], $this->faults([
            'a' => $this->person(), 'b' => $this->person(['username' => 'petrov', 'email' => 'IVANOV@example.ru']),
            'c' => $this->person(['email' => 'other@example.ru']),
        ]));
    }

    public function test_fields_of_every_type_are_made_and_taken_back() {
        global $DB;
        $steps = [];
        foreach (profile::TYPES as $index => $type) {
            $options = $type === 'menu' ? ['Да', 'Нет'] : [];
            $steps["f$index"] = $this->field(['datatype' => $type, 'shortname' => "f_$type", 'options' => $options]);
        }
        $user = $this->getDataGenerator()->create_user();
        $this->prove($steps, function () use ($DB, $user) {
            $this->assertCount(5, $DB->get_records('user_info_field'));
            foreach (profile_get_user_fields_with_data($user->id) as $field) {
                $form = new \MoodleQuickForm('f', 'post', '');
                $field->edit_field($form);
                $this->assertNotEmpty($form->_elements, 'the form of the profile shows it');
            }
        });
    }

    public function test_a_required_field_does_not_shut_services_out() {
        global $DB, $USER;
        $service = $this->getDataGenerator()->create_user();
        $DB->insert_record('external_tokens', (object) [
            'token' => 'x', 'tokentype' => EXTERNAL_TOKEN_PERMANENT, 'userid' => $service->id, 'creatorid' => 2, 'contextid' => 1,
            'externalserviceid' => $DB->get_field('external_services', 'id', ['shortname' => 'otbridge']), 'timecreated' => 1,
        ]);
        $person = $this->getDataGenerator()->create_user();
        $this->prove(['f' => $this->field(['required' => true])], function () use ($service, $person, $USER) {
            foreach ([$service, $USER] as $one) {
                $this->assertFalse(user_not_fully_set_up(\core_user::get_user($one->id)), 'a web service call is refused otherwise');
            }
            $this->assertTrue(user_not_fully_set_up($person, true), 'people are asked');
        });
    }

    public function test_what_fields_can_hold_is_checked() {
        $this->do([
            'd' => $this->field(['datatype' => 'datetime', 'shortname' => 'born', 'options' => []]),
            'c' => $this->field(['datatype' => 'checkbox', 'shortname' => 'agreed', 'options' => []]),
            't' => $this->field(['datatype' => 'textarea', 'shortname' => 'about', 'options' => []]),
        ]);
        $profile = [
            ['field' => 'born', 'value' => '31.12.1990'], ['field' => 'profile_field_agreed', 'value' => 'да'],
            ['field' => 'about', 'value' => "Две\nстроки"],
        ];
        $made = $this->do(['u' => $this->person(['profile' => $profile])]);
        $stored = profile_user_record($made['u']['id'], false);
        $this->assertSame('1990-12-31', date('Y-m-d', $stored->born));
        $this->assertSame(['1', "Две\nстроки"], [$stored->agreed, $stored->about]);
        foreach ([['born', '31.02.1990'], ['born', '31.12.1850'], ['agreed', 'может быть']] as [$field, $value]) {
            $bad = $this->person(['username' => 'b', 'email' => 'b@b.ru', 'profile' => [['field' => $field, 'value' => $value]]]);
            $this->assertSame(['steps[0].profile[0].field profilevalue'], $this->faults(['u' => $bad]), $value);
        }
        $this->assertSame(['steps[0].options paramcount', 'steps[1].shortname shortnametaken', 'steps[2].options[1] optiontwice',
            'steps[3].defaultvalue profilevalue', ], $this->faults([
            'a' => $this->field(['options' => ['5']]), 'b' => $this->field(['shortname' => 'BORN']),
            'c' => $this->field(['shortname' => 'x', 'options' => ['5', '5']]),
            'd' => $this->field(['shortname' => 'y', 'defaultvalue' => '9']),
        ]));
    }

    public function test_a_field_that_people_filled_in_stays() {
        $key = $this->key();
        $this->do(['f' => $this->field()], $key);
        $this->getDataGenerator()->create_user(['profile_field_klass' => '5']);
        $this->assertSame('profilefieldused', $this->take_back($key)['errorcode']);
        $GLOBALS['DB']->set_field('user_info_field', 'name', 'Иначе', ['shortname' => 'klass']);
        $this->assertSame('changedsince', $this->take_back($key)['errorcode']);
    }

    public function test_a_role_is_given_in_each_place_and_only_that_is_taken_back() {
        global $DB;
        $user = (int) $this->getDataGenerator()->create_user()->id;
        $held = (int) $this->getDataGenerator()->create_user()->id;
        $student = $DB->get_field('role', 'id', ['shortname' => 'student']);
        role_assign($student, $held, \context_course::instance($this->course->id)->id);
        $role = ['step' => 'role.create', 'shortname' => 'tutor', 'name' => 'Тьютор', 'contextlevels' => ['system', 'coursecat']];
        $course = (int) $this->course->id;
        $this->prove([
            'r' => $role,
            'a' => ['step' => 'role.assign', 'role' => '$r.shortname', 'user' => $user],
            'b' => ['step' => 'role.assign', 'role' => '$r.shortname', 'user' => $user, 'category' => (int) $this->course->category],
            'c' => ['step' => 'role.assign', 'role' => 'student', 'user' => $user, 'course' => $course],
            'd' => ['step' => 'role.assign', 'role' => 'student', 'user' => $held, 'course' => $course],
        ], function (array $results) use ($user, $course) {
            $this->assertSame([true, false], [$results['c']['isnew'], $results['d']['isnew']]);
            $this->assertSame(['student'], array_column(get_user_roles(\context_course::instance($course), $user, false), 'shortname'));
            $this->assertSame(['tutor'], array_column(get_user_roles(\context_system::instance(), $user), 'shortname'));
        });
    }

    public function test_roles_are_given_only_where_policy_matrix_and_risks_agree() {
        global $DB, $USER;
        $user = (int) $this->getDataGenerator()->create_user()->id;
        $course = (int) $this->course->id;
        $give = static function (string $role, array $where = []) use ($user) {
            return ['x' => ['step' => 'role.assign', 'role' => $role, 'user' => $user] + $where];
        };
        $this->assertSame(['steps[0].role unknownrole'], $this->faults($give('no')));
        $this->assertSame(['steps[0].role rolenotallowed'], $this->faults($give('manager')));
        $this->assertSame(['steps[0].role rolenotallowed'], $this->faults($give('student')));
        set_config('assignable', 'student:system,student:course,none:course', 'local_otbridge');
        $this->assertSame(['steps[0].role rolenothere'], $this->faults($give('student')));
        $risky = $this->getDataGenerator()->create_role(['shortname' => 'risky', 'archetype' => '']);
        set_role_contextlevels($risky, [CONTEXT_COURSE]);
        assign_capability('moodle/site:config', CAP_ALLOW, $risky, \context_system::instance()->id);
        $this->assertSame(['steps[0].role risknotallowed'], $this->faults($give('risky', ['course' => $course])));
        set_config('categories', (string) $this->course->category, 'local_otbridge');
        $this->assertSame(['steps[0].role rolenotallowed'], $this->faults($give('student')), 'the system is no category');
        set_config('categories', '', 'local_otbridge');
        foreach ([(int) $USER->id, (int) guest_user()->id] as $own) {
            $step = ['step' => 'role.assign', 'role' => 'student', 'user' => $own, 'course' => $course];
            $this->assertSame(['steps[0].user userprotected'], $this->faults(['x' => $step]));
        }
        $this->assertSame(
            ['steps[0].course twoplaces'],
            $this->faults($give('student', ['course' => $course, 'category' => (int) $this->course->category]))
        );
        $bridge = $this->getDataGenerator()->create_user();
        $role = $this->getDataGenerator()->create_role(['shortname' => 'bridge', 'archetype' => '']);
        foreach (['moodle/role:assign', 'moodle/role:manage', 'local/otbridge:run', 'local/otbridge:managerole'] as $name) {
            assign_capability($name, CAP_ALLOW, $role, \context_system::instance()->id);
        }
        role_assign($role, $bridge->id, \context_system::instance()->id);
        $this->setUser($bridge);
        $this->assertSame(['steps[0].role rolenotassignable'], $this->faults($give('student', ['course' => $course])));
        core_role_set_assign_allowed($role, $DB->get_field('role', 'id', ['shortname' => 'student']));
        $this->assertSame([], $this->faults($give('student', ['course' => $course])));
        $new = ['step' => 'role.create', 'shortname' => 'tutor', 'name' => 'Тьютор', 'contextlevels' => ['course']];
        $this->do(['r' => $new] + $give('$r.shortname', ['course' => $course]));
    }

    public function test_a_person_is_enrolled_with_times_and_unenrolled() {
        global $DB;
        $user = (int) $this->getDataGenerator()->create_user()->id;
        $there = (int) $this->getDataGenerator()->create_and_enrol($this->course, 'teacher')->id;
        $enrol = ['step' => 'user.enrol', 'course' => (int) $this->course->id, 'role' => 'student'];
        $this->prove([
            'a' => $enrol + ['user' => $user, 'timestart' => 1800000000, 'timeend' => 1900000000],
            'g' => ['step' => 'group.create', 'course' => (int) $this->course->id, 'name' => 'Группа'],
            'm' => ['step' => 'group.add_member', 'group' => '$g.id', 'user' => '$a.user'],
            'b' => $enrol + ['user' => $there],
        ], function (array $results) use ($DB, $user, $there) {
            $this->assertSame([true, false, true], [$results['a']['isnew'], $results['b']['isnew'], $results['b']['rolenew']]);
            $row = $DB->get_record('user_enrolments', ['userid' => $user], '*', MUST_EXIST);
            $this->assertSame(['1800000000', '1900000000'], [$row->timestart, $row->timeend]);
            $roles = get_user_roles(\context_course::instance($this->course->id), $there, false);
            $this->assertEqualsCanonicalizing(['student', 'teacher'], array_column($roles, 'shortname'));
        });
    }

    public function test_an_enrolment_that_is_otherwise_is_never_changed_silently() {
        $plugin = enrol_get_plugin('manual');
        $instance = enrolments::manual((int) $this->course->id);
        $suspended = (int) $this->getDataGenerator()->create_and_enrol($this->course)->id;
        $plugin->update_user_enrol($instance, $suspended, ENROL_USER_SUSPENDED);
        $enrol = ['step' => 'user.enrol', 'course' => (int) $this->course->id, 'role' => 'student', 'user' => $suspended];
        $this->assertSame(['steps[0].user enrolledotherwise'], $this->faults(['x' => $enrol]));
        $this->assertSame(['steps[0].timeend timesorder'], $this->faults(['x' => [
            'user' => (int) $this->getDataGenerator()->create_user()->id, 'timestart' => 20, 'timeend' => 10,
        ] + $enrol, ]));
        $plugin->update_status($instance, ENROL_INSTANCE_DISABLED);
        $this->assertSame(['steps[0].course nomanualenrol'], $this->faults(['x' => $enrol]));
    }

    public function test_who_was_in_the_course_since_stays_enrolled() {
        global $DB;
        $user = (int) $this->getDataGenerator()->create_user()->id;
        $key = $this->key();
        $this->do(['e' => [
            'step' => 'user.enrol', 'course' => (int) $this->course->id, 'user' => $user, 'role' => 'student',
        ], ], $key);
        $DB->insert_record('user_lastaccess', (object) [
            'userid' => $user, 'courseid' => $this->course->id, 'timeaccess' => time() + 5,
        ]);
        $this->assertSame('changedsince', $this->take_back($key)['errorcode']);
        $this->assertTrue(is_enrolled(\context_course::instance($this->course->id), $user));
    }

    public function test_a_cohort_enrols_its_people_and_all_of_it_goes_again() {
        $user = (int) $this->getDataGenerator()->create_user()->id;
        $group = (int) $this->getDataGenerator()->create_group(['courseid' => $this->course->id])->id;
        $course = (int) $this->course->id;
        $this->prove([
            'c' => ['step' => 'cohort.create', 'name' => 'Приём 2026', 'idnumber' => 'in-2026'],
            'm' => ['step' => 'cohort.add_member', 'cohort' => '$c.id', 'user' => $user],
            'e' => [
                'step' => 'enrol.add', 'course' => $course, 'method' => 'cohort', 'cohort' => '$c.id', 'role' => 'student', 'group' => $group,
            ],
            's' => [
                'step' => 'enrol.add', 'course' => $course, 'method' => 'self', 'role' => 'student', 'name' => 'По ключу',
                'key' => 'Слово-2026', 'most' => 30, 'cohort' => '$c.id',
            ],
        ], function (array $results) use ($course, $user, $group) {
            $this->assertSame(1, $results['e']['enrolled']);
            $this->assertTrue(is_enrolled(\context_course::instance($course), $user));
            $this->assertTrue(groups_is_member($group, $user));
            $instance = $GLOBALS['DB']->get_record('enrol', ['id' => $results['s']['id']], '*', MUST_EXIST);
            $this->assertNotSame('', enrol_get_plugin('self')->can_self_enrol($instance), 'this one is not in the cohort');
        });
    }

    public function test_faults_of_cohorts_and_methods_are_found_beforehand() {
        $generator = $this->getDataGenerator();
        $other = $generator->create_category();
        $away = (int) $generator->create_cohort(['contextid' => \context_coursecat::instance($other->id)->id])->id;
        $cohort = (int) $generator->create_cohort(['name' => 'Есть', 'idnumber' => 'x-1'])->id;
        $kept = (int) $generator->create_cohort(['component' => 'enrol_x'])->id;
        $group = (int) $generator->create_group(['courseid' => $generator->create_course()->id])->id;
        $user = (int) $generator->create_user()->id;
        $add = ['step' => 'enrol.add', 'course' => (int) $this->course->id, 'method' => 'cohort', 'role' => 'student'];
        $this->do(['e' => $add + ['cohort' => $cohort]]);
        $this->assertSame([
            'steps[0].name cohortnametaken', 'steps[1].idnumber idnumbertaken', 'steps[2].cohort cohortmanaged',
            'steps[3].cohort cohortelsewhere', 'steps[4].method enroltwice', 'steps[5].cohort parammissing', 'steps[6].group othercourse',
            'steps[6].method enroltwice', 'steps[7].method notforcohort', 'steps[7].role rolenotallowed', 'steps[8].timeend timesorder',
        ], array_values(array_diff($this->faults([
            'a' => ['step' => 'cohort.create', 'name' => 'есть'],
            'b' => ['step' => 'cohort.create', 'name' => 'Новая', 'idnumber' => 'X-1'],
            'c' => ['step' => 'cohort.add_member', 'cohort' => $kept, 'user' => $user],
            'd' => $add + ['cohort' => $away],
            'e' => $add + ['cohort' => $cohort],
            'f' => $add,
            'g' => $add + ['cohort' => $cohort, 'group' => $group],
            'h' => ['role' => 'manager', 'cohort' => $cohort, 'key' => 'x'] + $add,
            'i' => ['method' => 'self', 'timestart' => 20, 'timeend' => 10] + $add,
        ]), ['steps[5].method enroltwice'])));
    }

    public function test_a_cohort_that_somebody_came_to_or_that_a_course_uses_stays() {
        $key = $this->key();
        $made = $this->do(['c' => ['step' => 'cohort.create', 'name' => 'Приём']], $key);
        enrol_get_plugin('cohort')->add_instance($this->course, ['customint1' => $made['c']['id'], 'roleid' => 5]);
        $this->assertSame('cohortused', $this->take_back($key)['errorcode']);
        $GLOBALS['DB']->insert_record('cohort_members', (object) [
            'cohortid' => $made['c']['id'], 'userid' => 2, 'timeadded' => time() + 5,
        ]);
        $this->assertSame('changedsince', $this->take_back($key)['errorcode']);
    }
}
