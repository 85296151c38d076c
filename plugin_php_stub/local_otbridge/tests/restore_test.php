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
 * Tests of finding backups and of restoring from them.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use local_otbridge\external\find_backups;
use local_otbridge\external\restore_course;
use local_otbridge\task\rescue;

/**
 * A deleted course comes back, once.
 *
 * @covers \local_otbridge\backups
 * @covers \local_otbridge\backup_header
 * @covers \local_otbridge\course_restorer
 * @covers \local_otbridge\task\restore_course
 * @covers \local_otbridge\task\rescue
 */
class restore_test extends \advanced_testcase {
    /** @var int the next key */
    private $number = 0;

    /**
     * Every test makes courses.
     */
    protected function setUp(): void {
        parent::setUp();
        $this->resetAfterTest();
        $this->preventResetByRollback();
        $this->setAdminUser();
        set_config('categorybinenable', 1, 'tool_recyclebin');
        set_config('backup_auto_destination', '', 'backup');
    }

    /**
     * A course with a forum, two pages, a file, and a student; deleted.
     *
     * @param array $names
     * @return \stdClass
     */
    private function deleted_course(array $names = []): \stdClass {
        $generator = $this->getDataGenerator();
        $course = $generator->create_course($names + [
            'fullname' => 'Химия & "опыты"', 'shortname' => 'chem', 'idnumber' => 'N1', 'startdate' => 1600000000,
        ]);
        $generator->create_module('forum', ['course' => $course->id]);
        $generator->create_module('page', ['course' => $course->id]);
        $generator->create_module('page', ['course' => $course->id]);
        $generator->create_and_enrol($course, 'student', ['username' => 'learner' . $course->id]);
        delete_course($course, false);
        return $course;
    }

    /**
     * Order a restore.
     *
     * @param array $order
     * @return string its key
     */
    private function order(array $order): string {
        global $DB;
        $key = sprintf('00000000-0000-4000-8000-%012d', ++$this->number);
        $order += [
            'categoryid' => $DB->get_field_select('course_categories', 'MIN(id)', '1 = 1'), 'ref' => '', 'draftitemid' => 0,
            'fullname' => '', 'shortname' => '', 'users' => true,
        ];
        restore_course::execute(
            $key,
            $order['categoryid'],
            $order['ref'],
            $order['draftitemid'],
            $order['fullname'],
            $order['shortname'],
            $order['users']
        );
        return $key;
    }

    /**
     * Do the work of an operation, as cron does.
     *
     * @param string $key
     * @return \stdClass its row, with the result decoded
     */
    private function work(string $key): \stdClass {
        global $USER;
        $user = clone $USER;
        $task = new task\restore_course();
        $task->set_custom_data(['operationid' => operations::find($key)->id]);
        ob_start();
        $task->execute();
        ob_end_clean();
        $this->setUser($user);
        $row = operations::find($key);
        $row->result = json_decode((string) $row->result);
        return $row;
    }

    /**
     * Search.
     *
     * @param array $criteria
     * @return array
     */
    private function find(array $criteria): array {
        $criteria += ['courseid' => 0, 'idnumber' => '', 'shortname' => '', 'fullname' => ''];
        $found = find_backups::execute($criteria['courseid'], $criteria['idnumber'], $criteria['shortname'], $criteria['fullname']);
        return \core_external\external_api::clean_returnvalue(find_backups::execute_returns(), $found);
    }

    /**
     * The error code with which an order is refused.
     *
     * @param array $order
     * @return string
     */
    private function refusal(array $order): string {
        try {
            $this->order($order);
        } catch (\moodle_exception $error) {
            return $error->errorcode;
        }
        return 'not refused';
    }

    public function test_a_deleted_course_is_found_by_each_of_its_names() {
        $course = $this->deleted_course();
        $this->deleted_course(['shortname' => 'phys', 'fullname' => 'Физика', 'idnumber' => '']);
        $searches = [['courseid' => (int) $course->id], ['idnumber' => 'N1'], ['shortname' => 'chem'], ['fullname' => $course->fullname]];
        foreach ($searches as $criteria) {
            $found = $this->find($criteria);
            $this->assertCount(1, $found['backups']);
            $backup = $found['backups'][0];
            $this->assertSame(
                ['recyclebin', (int) $course->id, 'chem', $course->fullname, 'N1', true, (int) $course->category],
                [$backup['source'], $backup['courseid'], $backup['shortname'], $backup['fullname'], $backup['idnumber'],
                    $backup['users'], $backup['categoryid'], ]
            );
            $this->assertSame([false, []], [$found['truncated'], $found['unreadable']]);
        }
        $this->assertSame([], $this->find(['shortname' => 'chem', 'fullname' => 'Физика'])['backups']);
    }

    public function test_the_folder_is_searched_and_what_cannot_be_read_is_told() {
        $this->deleted_course();
        $folder = make_request_directory();
        set_config('backup_auto_destination', $folder, 'backup');
        $file = get_file_storage()->get_area_files(
            \context_coursecat::instance(1)->id,
            'tool_recyclebin',
            'recyclebin_coursecat',
            false,
            'id',
            false
        );
        reset($file)->copy_content_to($folder . '/renamed.mbz');
        file_put_contents($folder . '/broken.mbz', 'no archive');
        file_put_contents($folder . '/cut.mbz', substr(file_get_contents($folder . '/renamed.mbz'), 0, 2000));
        symlink('/etc/passwd', $folder . '/link.mbz');
        $found = $this->find(['shortname' => 'chem']);
        $this->assertEqualsCanonicalizing(['recyclebin', 'folder'], array_column($found['backups'], 'source'));
        $this->assertEqualsCanonicalizing(['broken.mbz', 'cut.mbz'], array_column($found['unreadable'], 'filename'));
        $folderref = array_column($found['backups'], 'ref', 'source')['folder'];
        $this->assertSame('renamed.mbz', $this->work($this->order(['ref' => $folderref]))->result->filename);
    }

    public function test_a_course_comes_back_as_it_was() {
        global $DB;
        $course = $this->deleted_course();
        $row = $this->work($this->order(['ref' => $this->find(['shortname' => 'chem'])['backups'][0]['ref']]));
        $this->assertSame(['done', ''], [$row->status, (string) $row->error]);
        $this->assertEquals((object) ['forum' => 1, 'page' => 2], $row->result->activities);
        $this->assertSame([true, 'recyclebin', []], [$row->result->users, $row->result->source, $row->result->warnings]);
        $back = $DB->get_record('course', ['id' => $row->result->courseid]);
        foreach (['fullname', 'shortname', 'idnumber', 'startdate', 'visible', 'category'] as $field) {
            $this->assertSame((string) $course->$field, (string) $back->$field, $field);
        }
        $context = \context_course::instance($back->id);
        $this->assertCount(1, get_enrolled_users($context));
        $this->assertTrue($DB->record_exists('role_assignments', ['contextid' => $context->id]));
        $this->assertSame(0, $DB->count_records('backup_controllers', ['operation' => 'restore']));
        $this->assertSame(1, $DB->count_records('tool_recyclebin_category'));
        $this->assertDebuggingNotCalled();
    }

    public function test_a_living_course_of_the_same_full_name_changes_no_name() {
        $this->deleted_course();
        $this->getDataGenerator()->create_course(['fullname' => 'Химия & "опыты"', 'shortname' => 'other', 'idnumber' => 'N1']);
        $row = $this->work($this->order(['ref' => $this->find(['shortname' => 'chem'])['backups'][0]['ref']]));
        $this->assertSame(['Химия & "опыты"', 'chem'], [$row->result->fullname, $row->result->shortname]);
        $this->assertSame([get_string('idnumberleftout', 'local_otbridge', 'N1')], $row->result->warnings);
    }

    public function test_names_may_be_given_and_users_left_out() {
        $this->deleted_course();
        $ref = $this->find(['shortname' => 'chem'])['backups'][0]['ref'];
        $long = str_repeat('д', 200);
        $row = $this->work($this->order(['ref' => $ref, 'fullname' => 'Другая', 'shortname' => $long, 'users' => false]));
        $this->assertSame(['Другая', $long, false], [$row->result->fullname, $row->result->shortname, $row->result->users]);
        $this->assertCount(0, get_enrolled_users(\context_course::instance($row->result->courseid)));
    }

    public function test_everything_comes_back_whatever_the_sites_defaults_are() {
        global $CFG;
        set_config('restore_general_users', 0, 'restore');
        set_config('restore_general_users_locked', 1, 'restore');
        $this->deleted_course();
        $row = $this->work($this->order(['ref' => $this->find(['shortname' => 'chem'])['backups'][0]['ref']]));
        $this->assertTrue($row->result->users);
        $this->assertArrayNotHasKey('restore', $CFG->forced_plugin_settings);
    }

    public function test_a_taken_short_name_leaves_the_key_free_or_fails_the_task() {
        global $DB;
        $this->deleted_course();
        $ref = $this->find(['shortname' => 'chem'])['backups'][0]['ref'];
        $key = $this->order(['ref' => $ref]);
        $this->getDataGenerator()->create_course(['shortname' => 'chem']);
        $this->assertSame('shortnametaken', $this->refusal(['ref' => $ref]));
        $row = $this->work($key);
        $this->assertSame(['failed', 'shortnametaken'], [$row->status, $row->errorcode]);
        $this->assertSame(1, $DB->count_records('course', ['shortname' => 'chem']));
    }

    public function test_an_account_that_was_made_anew_is_matched_by_name_and_address() {
        global $DB;
        $course = $this->deleted_course();
        $old = $DB->get_record('user', ['username' => 'learner' . $course->id]);
        $DB->set_field('user', 'username', 'gone', ['id' => $old->id]);
        $new = $this->getDataGenerator()->create_user(['username' => $old->username, 'email' => $old->email]);
        $row = $this->work($this->order(['ref' => $this->find(['shortname' => 'chem'])['backups'][0]['ref']]));
        $this->assertSame('done', $row->status, (string) $row->error);
        $this->assertSame([get_string('usersmatchedbyname', 'local_otbridge')], $row->result->warnings);
        $this->assertArrayHasKey($new->id, get_enrolled_users(\context_course::instance($row->result->courseid)));
    }

    public function test_an_account_of_somebody_else_is_a_conflict_that_is_told() {
        global $CFG, $DB;
        $course = $this->deleted_course();
        $DB->set_field('user', 'username', 'gone', ['username' => 'learner' . $course->id]);
        $this->getDataGenerator()->create_user(['username' => 'learner' . $course->id, 'email' => 'another@example.com']);
        $ref = $this->find(['shortname' => 'chem'])['backups'][0]['ref'];
        $row = $this->work($this->order(['ref' => $ref]));
        $this->assertSame(['failed', 'precheckfailed'], [$row->status, $row->errorcode]);
        $this->assertStringContainsString('learner' . $course->id, $row->error);
        $this->assertSame([0, 1], [
            $DB->count_records('course', ['shortname' => 'chem']), $DB->count_records('tool_recyclebin_category'),
        ]);
        $this->assertEmpty($CFG->forcedifferentsitecheckingusersonrestore ?? null);
        $this->assertSame('done', $this->work($this->order(['ref' => $ref, 'users' => false]))->status);
    }

    public function test_an_attempt_that_died_is_removed_and_begun_anew_once() {
        global $DB;
        $this->deleted_course();
        $ref = $this->find(['shortname' => 'chem'])['backups'][0]['ref'];
        foreach ([1 => 'done', 2 => 'failed'] as $attempts => $status) {
            $orphan = $this->getDataGenerator()->create_course(['shortname' => 'chem']);
            $key = '00000000-0000-4000-8000-0000000000f' . $attempts;
            $DB->insert_record(operations::TABLE, [
                'opkey' => $key, 'action' => 'restore_course', 'paramshash' => 'x', 'userid' => get_admin()->id,
                'params' => json_encode(['categoryid' => $orphan->category, 'ref' => $ref, 'draftitemid' => 0, 'fullname' => '',
                    'shortname' => '', 'users' => true, ]),
                'status' => 'running', 'attempts' => $attempts, 'progress' => 0.5, 'courseid' => $orphan->id,
            ]);
            $row = $this->work($key);
            $this->assertSame($status, $row->status, (string) $row->error);
            $this->assertFalse($DB->record_exists('course', ['id' => $orphan->id]));
            $DB->delete_records('course', ['shortname' => 'chem']);
        }
        $this->assertSame('interrupted', $row->errorcode);
        $this->assertSame(1, $DB->count_records('tool_recyclebin_category'));
    }

    public function test_a_done_operation_is_never_run_again() {
        global $DB;
        $this->deleted_course();
        $key = $this->order(['ref' => $this->find(['shortname' => 'chem'])['backups'][0]['ref']]);
        $first = $this->work($key);
        $courses = $DB->count_records('course');
        $this->assertEquals($first, $this->work($key));
        $this->assertSame($courses, $DB->count_records('course'));
    }

    public function test_an_operation_without_a_task_is_queued_anew_and_one_with_a_task_is_left() {
        global $DB;
        $this->deleted_course();
        $key = $this->order(['ref' => $this->find(['shortname' => 'chem'])['backups'][0]['ref']]);
        $rescue = function () use ($DB) {
            ob_start();
            (new rescue())->execute();
            ob_end_clean();
            return $DB->count_records('task_adhoc', ['component' => 'local_otbridge']);
        };
        $this->assertSame(1, $rescue());
        if (isset($DB->get_columns('task_adhoc')['timestarted'])) {
            $DB->set_field('task_adhoc', 'timestarted', time(), ['component' => 'local_otbridge']);
            $dead = $DB->get_field('task_adhoc', 'id', ['component' => 'local_otbridge']);
            $this->assertSame(1, $rescue());
            $this->assertNotEquals($dead, $DB->get_field('task_adhoc', 'id', ['component' => 'local_otbridge']));
        }
        $DB->delete_records('task_adhoc', ['component' => 'local_otbridge']);
        $this->assertSame(1, $rescue());
        $this->work($key);
        $DB->delete_records('task_adhoc', ['component' => 'local_otbridge']);
        $this->assertSame(0, $rescue());
    }

    public function test_refs_lead_to_backups_only() {
        global $DB;
        $course = $this->getDataGenerator()->create_course();
        $page = get_file_storage()->create_file_from_string([
            'contextid' => \context_course::instance($course->id)->id, 'component' => 'course', 'filearea' => 'summary',
            'itemid' => 0, 'filepath' => '/', 'filename' => 'secret.mbz',
        ], 'secret');
        set_config('backup_auto_destination', make_request_directory(), 'backup');
        foreach (['filearea:' . $page->get_id(), 'folder:../../etc/passwd', 'recyclebin:1 OR 1=1', 'file:', 'x'] as $ref) {
            $row = $this->work($this->order(['ref' => $ref]));
            $this->assertSame(['failed', 'backupnotfound'], [$row->status, $row->errorcode], $ref);
        }
    }

    public function test_a_draft_is_restored_for_its_owner_only() {
        global $USER;
        $this->deleted_course();
        $bin = get_file_storage()->get_area_files(
            \context_coursecat::instance(1)->id,
            'tool_recyclebin',
            'recyclebin_coursecat',
            false,
            'id',
            false
        );
        $record = ['component' => 'user', 'filearea' => 'draft', 'filepath' => '/', 'filename' => 'mine.mbz'];
        $other = $this->getDataGenerator()->create_user();
        foreach ([[$USER->id, 77, 'done'], [$other->id, 78, 'failed']] as [$owner, $itemid, $status]) {
            get_file_storage()->create_file_from_storedfile(
                ['contextid' => \context_user::instance($owner)->id, 'itemid' => $itemid] + $record,
                reset($bin)
            );
            $row = $this->work($this->order(['draftitemid' => $itemid, 'shortname' => 's' . $itemid]));
            $this->assertSame($status, $row->status);
        }
        $this->assertSame('backupnotfound', $row->errorcode);
    }

    public function test_capabilities_are_asked_for_in_the_category_and_again_in_the_task() {
        global $DB;
        $course = $this->deleted_course();
        $ref = $this->find(['shortname' => 'chem'])['backups'][0]['ref'];
        $generator = $this->getDataGenerator();
        $user = $generator->create_user();
        $roleid = $generator->create_role();
        $system = \context_system::instance()->id;
        assign_capability('local/otbridge:restore', CAP_ALLOW, $roleid, $system);
        role_assign($roleid, $user->id, $system);
        $this->setUser($user);
        $this->assertSame('nopermissions', $this->refusal(['ref' => $ref, 'users' => false]));
        foreach (['moodle/restore:restorecourse', 'moodle/course:create'] as $capability) {
            assign_capability($capability, CAP_ALLOW, $roleid, $system);
        }
        accesslib_clear_all_caches_for_unit_testing();
        $this->assertSame('nopermissions', $this->refusal(['ref' => $ref, 'users' => true]));
        $key = $this->order(['ref' => $ref, 'users' => false]);
        assign_capability('moodle/course:create', CAP_PREVENT, $roleid, \context_coursecat::instance($course->category)->id);
        accesslib_clear_all_caches_for_unit_testing();
        $row = $this->work($key);
        $this->assertSame(['failed', 'restorefailed'], [$row->status, $row->errorcode]);
        $this->assertFalse($DB->record_exists('course', ['shortname' => 'chem']));
    }
}
