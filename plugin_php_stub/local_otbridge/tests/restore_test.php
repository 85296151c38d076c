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

use local_otbridge\external\undo;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/restore_testcase.php');

/**
 * A deleted course comes back, once.
 *
 * @covers \local_otbridge\backups
 * @covers \local_otbridge\backup_header
 * @covers \local_otbridge\lookalikes
 * @covers \local_otbridge\course_restorer
 * @covers \local_otbridge\step\course_restore
 */
class restore_test extends restore_testcase {
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
        $back = $DB->get_record('course', ['id' => $row->result->id]);
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
        $this->assertCount(0, get_enrolled_users(\context_course::instance($row->result->id)));
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

    public function test_an_attempt_that_died_is_removed_and_begun_anew_a_few_times() {
        global $DB;
        $this->deleted_course();
        $ref = $this->find(['shortname' => 'chem'])['backups'][0]['ref'];
        foreach ([1 => 'done', worker::ATTEMPTS => 'failed'] as $attempts => $status) {
            $key = $this->order(['ref' => $ref]);
            $orphan = $this->getDataGenerator()->create_course(['shortname' => 'chem']);
            $operation = operations::find($key);
            operations::update($operation, [
                'status' => 'running', 'attempting' => 'run 0', 'attempts' => $attempts, 'timestarted' => time(),
            ]);
            $DB->insert_record(step_rows::TABLE, [
                'operationid' => $operation->id, 'position' => 0, 'step' => 'course.restore', 'label' => 'course', 'status' => 'begun',
                'params' => '{}', 'data' => json_encode(['course' => (int) $orphan->id]),
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

    public function test_a_restore_is_taken_back_into_the_recycle_bin_unless_somebody_worked_in_it() {
        global $DB;
        $this->deleted_course();
        $ref = $this->find(['shortname' => 'chem'])['backups'][0]['ref'];
        foreach (['done', 'failed'] as $status) {
            $key = $this->order(['ref' => $ref]);
            $course = $this->work($key)->result->id;
            if ($status === 'failed') {
                $DB->set_field(operations::TABLE, 'timefinished', time() - 10, ['opkey' => $key]);
                $this->getDataGenerator()->create_module('page', ['course' => $course]);
            }
            $by = sprintf('00000000-0000-4000-8000-%012d', ++$this->number);
            $this->assertSame('queued', undo::execute($by, $key)['status']);
            $this->assertSame($status, $this->work($by)->status);
            $this->assertSame($status === 'failed', $DB->record_exists('course', ['id' => $course]));
        }
        $this->assertSame('changedsince', operations::find($by)->errorcode);
        $this->assertSame(2, $DB->count_records('tool_recyclebin_category'));
    }

    public function test_files_in_users_own_areas_are_told_when_asked_for() {
        $this->deleted_course();
        $this->copy_of_bin(['component' => 'user', 'filearea' => 'backup', 'itemid' => 0]);
        $this->assertSame(['recyclebin'], array_column($this->find(['shortname' => 'chem'])['backups'], 'source'));
        $all = $this->find(['shortname' => 'chem', 'private' => true])['backups'];
        $this->assertEqualsCanonicalizing(['recyclebin', 'private'], array_column($all, 'source'));
        $ref = array_column($all, 'ref', 'source')['private'];
        $this->assertSame('private', $this->work($this->order(['ref' => $ref]))->result->source);
    }

    public function test_the_newest_is_what_was_stored_last() {
        global $DB;
        $course = $this->deleted_course();
        $file = $this->copy_of_bin(['component' => 'backup', 'filearea' => 'course', 'itemid' => 0], $course->category);
        $DB->set_field('files', 'timecreated', time() + 100, ['id' => $file->get_id()]);
        $found = $this->find(['shortname' => 'chem', 'private' => true])['backups'];
        $this->assertSame(['filearea', 'recyclebin'], array_column($found, 'source'));
        $this->assertSame((int) $file->get_timecreated(), $found[0]['timecreated']);
        $this->assertGreaterThan($found[1]['stored'], $found[0]['stored']);
    }

    public function test_look_alikes_are_named_where_nothing_matches() {
        $this->deleted_course(['shortname' => 'Химия 1', 'fullname' => 'Органика']);
        $this->assertSame(['Химия 1'], $this->find(['shortname' => "X\u{438}\u{43c}\u{438}\u{44f}\u{a0}1"])['lookalikes']);
        $this->assertSame([], $this->find(['shortname' => 'Физика'])['lookalikes']);
        $this->assertSame([], $this->find(['shortname' => 'Химия 1'])['lookalikes']);
    }

    public function test_a_backup_of_another_site_is_refused_unless_ordered() {
        global $DB;
        $this->deleted_course();
        $ref = $this->find(['shortname' => 'chem'])['backups'][0]['ref'];
        set_config('siteidentifier', 'another' . random_string(20));
        \cache_helper::purge_by_definition('local_otbridge', 'backupheaders');
        $found = $this->find(['shortname' => 'chem'])['backups'][0];
        $this->assertFalse($found['samesite']);
        $this->assertSame('othersite', $this->refusal(['ref' => $ref]));
        $this->assertSame('done', $this->work($this->order(['ref' => $ref, 'othersite' => true, 'users' => false]))->status);
    }

    public function test_refs_lead_to_backups_only() {
        global $DB;
        $course = $this->getDataGenerator()->create_course();
        $page = get_file_storage()->create_file_from_string([
            'contextid' => \context_course::instance($course->id)->id, 'component' => 'course', 'filearea' => 'summary',
            'itemid' => 0, 'filepath' => '/', 'filename' => 'secret.mbz',
        ], 'secret');
        set_config('backup_auto_destination', make_request_directory(), 'backup');
        $refs = ['filearea:' . $page->get_id(), 'private:' . $page->get_id(), 'folder:../../etc/passwd', 'recyclebin:1 OR 1=1', 'file:', 'x'];
        foreach ($refs as $ref) {
            $this->assertSame('backupnotfound', $this->refusal(['ref' => $ref]), $ref);
        }
        $this->assertSame('reforfile', $this->refusal([]));
    }

    public function test_a_file_of_the_program_is_restored() {
        global $USER;
        $this->deleted_course();
        $stored = $this->copy_of_bin(['contextid' => \context_user::instance($USER->id)->id, 'component' => 'user',
            'filearea' => 'draft', 'itemid' => 77, ]);
        $bytes = $stored->get_content();
        $files = [['sha256' => hash('sha256', $bytes), 'name' => 'mine.mbz', 'size' => strlen($bytes)]];
        $order = ['file' => ['file' => hash('sha256', $bytes)], 'shortname' => 'other'];
        $row = $this->work($this->order($order, $files, 77));
        $this->assertSame(['done', 'draft', 'mine.mbz'], [$row->status, $row->result->source, $row->result->filename]);
        $this->assertFalse($GLOBALS['DB']->record_exists('files', ['component' => 'local_otbridge']));
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
        assign_capability('local/otbridge:run', CAP_ALLOW, $roleid, $system);
        accesslib_clear_all_caches_for_unit_testing();
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
        $this->assertSame(['failed', 'nopermissions'], [$row->status, $row->errorcode]);
        $this->assertFalse($DB->record_exists('course', ['shortname' => 'chem']));
    }
}
