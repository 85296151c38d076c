<?php
// This file is part of Moodle - https://moodle.org/
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
// along with Moodle.  If not, see <https://www.gnu.org/licenses/>.

/**
 * Tests of the web service functions and of the restore.
 *
 * @package    local_otbridge
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use local_otbridge\external\create_role;
use local_otbridge\external\delete_role;
use local_otbridge\external\find_backups;
use local_otbridge\external\get_operation;
use local_otbridge\external\restore_course;
use local_otbridge\task\resume_restores;

/**
 * The plugin as its callers see it.
 *
 * @covers \local_otbridge\operations
 * @covers \local_otbridge\restorer
 * @covers \local_otbridge\roles
 */
final class plugin_test extends \advanced_testcase {
    /** @var string */
    private const KEY = '11111111-2222-4333-8444-555555555555';
    /** @var string */
    private const OTHER_KEY = '11111111-2222-4333-8444-666666666666';

    /**
     * Every test works as administrator, with the recycle bin on.
     */
    protected function setUp(): void {
        parent::setUp();
        $this->resetAfterTest();
        // Operations roll their own transactions back.
        $this->preventResetByRollback();
        $this->setAdminUser();
        set_config('categorybinenable', 1, 'tool_recyclebin');
    }

    /**
     * Delete a course with a page, a quiz and two questions; the reference of its backup.
     *
     * @return array the course and the reference
     */
    private function deleted_course(): array {
        $generator = $this->getDataGenerator();
        $course = $generator->create_course(['shortname' => 'ch1', 'fullname' => 'Химия', 'idnumber' => 'idn1']);
        $generator->create_module('page', ['course' => $course->id]);
        $quiz = $generator->create_module('quiz', ['course' => $course->id]);
        $questions = $generator->get_plugin_generator('core_question');
        $category = $questions->create_question_category(['contextid' => \context_module::instance($quiz->cmid)->id]);
        foreach ([1, 2] as $number) {
            $questions->create_question('truefalse', null, ['category' => $category->id, 'name' => "Q$number"]);
        }
        delete_course($course, false);
        $found = find_backups::execute(0, '', 'ch1');
        $this->assertCount(1, $found['backups']);
        return [$course, $found['backups'][0]['ref']];
    }

    /**
     * Run the plugin's waiting tasks.
     */
    private function run_tasks(): void {
        global $DB;
        foreach (\core\task\manager::get_adhoc_tasks(task\restore_course::class) as $task) {
            $task->execute();
            $DB->delete_records('task_adhoc', ['id' => $task->get_id()]);
        }
    }

    /**
     * Assert that a call is refused.
     *
     * @param string $errorcode
     * @param callable $call
     */
    private function assert_refused(string $errorcode, callable $call): void {
        try {
            $call();
        } catch (\moodle_exception $problem) {
            $this->assertSame($errorcode, $problem->errorcode);
            return;
        }
        $this->fail("not refused with $errorcode");
    }

    /**
     * A course comes back whole, under its names, once.
     */
    public function test_a_deleted_course_is_restored_once(): void {
        global $DB;
        [$course, $ref] = $this->deleted_course();
        $queued = restore_course::execute(self::KEY, $ref, 0, $course->category);
        $this->assertSame('queued', $queued['status']);
        $this->assertEquals($queued, restore_course::execute(self::KEY, $ref, 0, $course->category));
        $this->run_tasks();
        $done = get_operation::execute(self::KEY);
        $this->assertSame(['done', ''], [$done['status'], $done['error']]);
        $result = json_decode($done['result'], true);
        $this->assertSame(['page' => 1, 'quiz' => 1], $result['activities']);
        $this->assertSame(2, $result['questions']);
        $this->assertSame(['Химия', 'ch1'], [$result['fullname'], $result['shortname']]);
        $this->assertSame('idn1', $DB->get_field('course', 'idnumber', ['id' => $result['courseid']]));
        $this->assertEquals($done, restore_course::execute(self::KEY, $ref, 0, $course->category));
        $this->assert_refused('shortnametaken', static function () use ($ref, $course) {
            restore_course::execute(self::OTHER_KEY, $ref, 0, $course->category);
        });
        $this->assertSame('none', get_operation::execute(self::OTHER_KEY)['status']);
    }

    /**
     * A task that died leaves a course behind; the next run removes it. The third gives up.
     */
    public function test_a_restore_that_died_is_started_once_more(): void {
        global $DB;
        [$course, $ref] = $this->deleted_course();
        restore_course::execute(self::KEY, $ref, 0, $course->category);
        $orphan = $this->getDataGenerator()->create_course(['shortname' => 'ch1']);
        $DB->set_field(operations::TABLE, 'status', operations::RUNNING, []);
        $DB->set_field(operations::TABLE, 'attempts', 1, []);
        $DB->set_field(operations::TABLE, 'objectid', $orphan->id, []);
        $DB->delete_records('task_adhoc');
        $this->expectOutputRegex('/queued again.*earlier run died/s');
        (new resume_restores())->execute();
        (new resume_restores())->execute();
        $this->assertSame(1, $DB->count_records('task_adhoc', ['component' => 'local_otbridge']));
        $this->run_tasks();
        $this->assertSame('done', get_operation::execute(self::KEY)['status']);
        $this->assertFalse($DB->record_exists('course', ['id' => $orphan->id]));
        $this->assertSame(1, $DB->count_records('course', ['shortname' => 'ch1']));

        $DB->set_field(operations::TABLE, 'status', operations::RUNNING, []);
        (new resume_restores())->execute();
        $this->run_tasks();
        $this->assertSame('interrupted', get_operation::execute(self::KEY)['errorcode']);
        $this->assertSame(0, $DB->count_records('course', ['shortname' => 'ch1']));
    }

    /**
     * References that lead nowhere, or out of the folder.
     */
    public function test_references_are_resolved_strictly(): void {
        $folder = make_request_directory();
        set_config('backup_auto_destination', $folder, 'backup');
        file_put_contents("$folder/a.mbz", 'x');
        symlink(__FILE__, "$folder/link.mbz");
        foreach (['folder:../a.mbz', 'folder:link.mbz', 'folder:', 'file:1', 'recyclebin:0', 'nosuch'] as $ref) {
            $this->assertNull(backup_store::resolve($ref, 0, 2), $ref);
        }
        $this->assertSame('a.mbz', backup_store::resolve('folder:a.mbz', 0, 2)->filename);
        $this->assertSame('a.mbz', find_backups::execute(0, '', 'x')['unreadable'][0]['filename']);
        $this->assertDebuggingCalled(); // Core's: not a zip archive.
    }

    /**
     * A repetition is answered with the first operation, other parameters are refused.
     */
    public function test_a_key_is_used_once(): void {
        global $DB;
        $role = create_role::execute(self::KEY, 'tutor', 'Tutor');
        $this->assertEquals($role, create_role::execute(self::KEY, 'tutor', 'Tutor'));
        $this->assert_refused('opkeyreused', static function () {
            create_role::execute(self::KEY, 'tutor', 'Another');
        });
        $this->assertSame(1, $DB->count_records('role', ['shortname' => 'tutor']));
    }

    /**
     * A role has what was ordered and can be managed by managers.
     */
    public function test_a_role_is_made_and_deleted(): void {
        global $DB;
        $made = create_role::execute(self::KEY, 'tutor', 'Tutor', '', 'student', [], [
            ['name' => 'mod/forum:replypost', 'permission' => 'prevent'],
        ], ['guest']);
        $result = json_decode($made['result'], true);
        $permissions = array_column($result['capabilities'], 'permission', 'name');
        $this->assertSame('prevent', $permissions['mod/forum:replypost']);
        $this->assertSame('allow', $permissions['mod/forum:viewdiscussion']);
        $manager = $DB->get_field('role', 'id', ['shortname' => 'manager']);
        $this->assertTrue($DB->record_exists('role_allow_assign', ['roleid' => $manager, 'allowassign' => $result['roleid']]));
        $this->assertSame(1, $DB->count_records('role_allow_assign', ['roleid' => $result['roleid']]));

        $user = $this->getDataGenerator()->create_user();
        $system = \context_system::instance()->id;
        role_assign($result['roleid'], $user->id, $system);
        $delete = static function () use ($result) {
            return delete_role::execute(self::OTHER_KEY, $result['roleid']);
        };
        $this->assert_refused('roleassigned', $delete);
        role_unassign($result['roleid'], $user->id, $system);
        $this->assertSame('done', $delete()['status']);
        $this->assertSame('done', $delete()['status']);
        $this->assert_refused('rolenotours', static function () use ($manager) {
            delete_role::execute('11111111-2222-4333-8444-777777777777', $manager);
        });
    }

    /**
     * All unknown names are told at once, and nothing stays of the attempt.
     */
    public function test_unknown_capabilities_are_named(): void {
        global $DB;
        try {
            create_role::execute(self::KEY, 'tutor', 'Tutor', '', '', [], [
                ['name' => 'a/b:c', 'permission' => 'allow'],
                ['name' => 'd/e:f', 'permission' => 'allow'],
            ]);
            $this->fail('not refused');
        } catch (\moodle_exception $problem) {
            $this->assertSame(['unknowncapability', 'a/b:c, d/e:f'], [$problem->errorcode, $problem->a]);
        }
        $this->assertSame(0, $DB->count_records(operations::TABLE));
    }

    /**
     * Both languages have the same texts.
     */
    public function test_languages_have_the_same_texts(): void {
        $texts = [];
        foreach (['en', 'ru'] as $lang) {
            $string = [];
            require(__DIR__ . "/../lang/$lang/local_otbridge.php");
            $texts[] = array_keys($string);
        }
        $this->assertSame($texts[0], $texts[1]);
    }
}
