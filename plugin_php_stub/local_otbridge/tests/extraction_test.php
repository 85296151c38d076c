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
 * Tests of courses out of whole-site backups.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/../externalcompat.php');

use local_otbridge\external\check;
use local_otbridge\external\run;
use local_otbridge\extraction\index;
use local_otbridge\extraction\source;
use local_otbridge\extraction\spool;
use local_otbridge\task\work_on;

/**
 * A course that only a whole-site backup holds; the helper on the server is played by this test.
 *
 * @covers \local_otbridge\extraction\index
 * @covers \local_otbridge\extraction\source
 * @covers \local_otbridge\extraction\spool
 * @covers \local_otbridge\extraction\waiting
 * @covers \local_otbridge\run_worker
 */
class extraction_test extends \advanced_testcase {
    /** @var string key of the backup */
    const BACKUP = '0123456789abcdef';
    /** @var string */
    private $folder;
    /** @var int the course */
    private $courseid;
    /** @var int moment of the dump */
    private $taken = 1790000000;
    /** @var int the next key */
    private $number = 0;

    /**
     * A spool, and a helper that lives.
     */
    protected function setUp(): void {
        parent::setUp();
        $this->resetAfterTest();
        $this->preventResetByRollback();
        $this->setAdminUser();
        set_config('categorybinenable', 0, 'tool_recyclebin');
        set_config('backup_auto_destination', '', 'backup');
        $this->folder = make_request_directory();
        mkdir($this->folder . '/requests');
        mkdir($this->folder . '/answers');
        set_config('extractionspool', $this->folder, 'local_otbridge');
        $this->tell('status', ['version' => 1, 'time' => time(), 'room' => 10 ** 10]);
    }

    /**
     * Play the helper: write a document.
     *
     * @param string $name
     * @param array $document
     */
    private function tell(string $name, array $document): void {
        file_put_contents($this->folder . "/answers/$name.json", json_encode($document));
    }

    /**
     * Play the helper: answer the request that is there.
     *
     * @param array $answer
     */
    private function answer(array $answer): void {
        $key = spool::key(self::BACKUP, $this->courseid);
        $request = json_decode(file_get_contents($this->folder . "/requests/$key.json"), true);
        $this->assertSame(
            ['version' => 1, 'key' => $key, 'backup' => self::BACKUP, 'course' => $this->courseid],
            array_diff_key($request, ['asked' => 1])
        );
        $this->tell($key, $answer + ['version' => 1, 'key' => $key, 'asked' => $request['asked'], 'updated' => time()]);
    }

    /**
     * Publish an index.
     *
     * @param array $courses
     * @param array $backup changes of the newest backup
     */
    private function publish(array $courses, array $backup = []): void {
        $backups = [
            ['key' => 'fedcba9876543210', 'name' => '261113013000', 'taken' => $this->taken - DAYSECS],
            $backup + ['key' => self::BACKUP, 'name' => '261114013000', 'taken' => $this->taken],
        ];
        $backups = array_map(static function ($one) {
            return $one + ['version' => '1', 'site' => md5(get_site_identifier()), 'seconds' => 90, 'bytes' => 10 ** 8];
        }, $backups);
        $lines = [['version' => 1, 'made' => 1, 'backups' => $backups, 'filesecond' => 1e-6, 'filetimes' => 3]];
        foreach ($courses as $course) {
            $lines[] = array_merge([
                'id' => $this->courseid, 'shortname' => 'chem', 'fullname' => 'Химия / "опыты"', 'idnumber' => '', 'category' => 1,
                'categoryname' => 'x', 'filebytes' => 10 ** 6, 'runs' => [[0, 1]],
            ], $course); // The number comes first, as the helper writes it.
        }
        file_put_contents($this->folder . '/answers/index.jsonl', implode('', array_map(static function ($line) {
            return json_encode($line, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_LINE_TERMINATORS) . "\n";
        }, $lines)));
    }

    /**
     * A course that is in the index only; its backup is what the helper would make.
     *
     * @return string path of that backup
     */
    private function lost_course(): string {
        global $CFG, $DB, $USER;

        require_once($CFG->dirroot . '/backup/util/includes/backup_includes.php');
        $generator = $this->getDataGenerator();
        $course = $generator->create_course(['fullname' => 'Химия / "опыты"', 'shortname' => 'chem']);
        $generator->create_module('page', ['course' => $course->id]);
        $this->courseid = (int) $course->id;
        $controller = new \backup_controller(\backup::TYPE_1COURSE, $course->id, \backup::FORMAT_MOODLE, \backup::INTERACTIVE_NO,
            \backup::MODE_GENERAL, $USER->id);
        $controller->execute_plan();
        $file = $controller->get_results()['backup_destination'];
        $controller->destroy();
        $path = $this->folder . '/made.mbz';
        $file->copy_content_to($path);
        $file->delete();
        $this->taken = backup_header::of(backup_file::in_folder('x', $path))['timecreated'];
        delete_course($course, false);
        $this->publish([['category' => (int) $DB->get_field_select('course_categories', 'MIN(id)', '1 = 1')]]);
        return $path;
    }

    /**
     * The program that restores the course.
     *
     * @param string|null $ref
     * @return string
     */
    private function program(?string $ref = null): string {
        global $DB;
        return json_encode(['version' => 1, 'steps' => [[
            'step' => 'course.restore', 'as' => 'course', 'ref' => $ref ?? 'wholesite:' . self::BACKUP . ':' . $this->courseid,
            'category' => (int) $DB->get_field_select('course_categories', 'MIN(id)', '1 = 1'),
        ]]]);
    }

    /**
     * Order it.
     *
     * @return string its key
     */
    private function order(): string {
        $key = sprintf('00000000-0000-4000-8000-%012d', ++$this->number);
        $this->assertSame('queued', run::execute($key, $this->program())['status']);
        return $key;
    }

    /**
     * Work, as cron does.
     *
     * @param string $key
     * @return \stdClass the operation
     */
    private function work(string $key): \stdClass {
        global $DB, $USER;
        $user = clone $USER;
        $DB->delete_records('task_adhoc', ['component' => 'local_otbridge']);
        $task = new work_on();
        $task->set_custom_data(['operationid' => operations::find($key)->id]);
        $task->execute();
        $this->setUser($user);
        return operations::find($key);
    }

    /**
     * Check it.
     *
     * @param string|null $ref
     * @return string[] faults and notes: code => facts
     */
    private function judge(?string $ref = null): array {
        $told = check::execute($this->program($ref));
        $found = [];
        foreach (array_merge($told['faults'], $told['notes']) as $one) {
            $found[$one['code']] = json_decode($one['facts'], true);
        }
        return $found;
    }

    public function test_copies_are_found_by_each_criterion_and_only_exactly() {
        $this->lost_course();
        foreach (['courseid' => $this->courseid, 'shortname' => 'chem', 'fullname' => 'Химия / "опыты"'] as $name => $value) {
            $found = backups::find([$name => $value], 50)['backups'];
            $this->assertSame([self::BACKUP, 'fedcba9876543210'], array_map(static function ($one) {
                return explode(':', $one['ref'])[1];
            }, $found), $name);
            $this->assertSame(['wholesite', 0, true], [$found[0]['source'], $found[0]['size'], $found[0]['samesite']]);
            $this->assertSame([$this->taken, $this->taken], [$found[0]['timecreated'], $found[0]['stored']]);
        }
        foreach ([['shortname' => 'che'], ['courseid' => $this->courseid * 10], ['idnumber' => 'chem']] as $criteria) {
            $this->assertSame([], backups::find($criteria, 50)['backups']);
        }
        $this->assertSame(['chem'], backups::find(['shortname' => 'CHEM'], 50)['lookalikes']);
    }

    public function test_backups_of_another_site_do_not_count() {
        $this->lost_course();
        $this->publish([[]], ['site' => md5('another')]);
        $found = backups::find(['shortname' => 'chem'], 50)['backups'];
        $this->assertCount(1, $found);
        $this->assertSame(['backupnotfound'], array_keys($this->judge()));
    }

    public function test_without_a_spool_or_with_a_broken_index_there_is_nothing() {
        $this->lost_course();
        foreach (["", "no json\n", "{}\n", "{\"version\":2}\n"] as $text) {
            file_put_contents($this->folder . '/answers/index.jsonl', $text);
            $this->assertSame([], backups::find(['shortname' => 'chem'], 50)['backups']);
        }
        set_config('extractionspool', $this->folder . '/none', 'local_otbridge');
        $this->assertSame([], backups::find(['shortname' => 'chem'], 50)['backups']);
        $this->assertSame(['backupnotfound'], array_keys($this->judge()));
    }

    public function test_the_plan_tells_seconds_and_room() {
        $this->lost_course();
        $facts = $this->judge()['extraction'];
        $this->assertSame([91, 99], [$facts['seconds'], $facts['megabytes']]);
        $this->assertSame([], glob($this->folder . '/requests/*'), 'a check asks for nothing');
    }

    public function test_a_silent_helper_and_too_little_room_are_told_before() {
        $this->lost_course();
        $this->tell('status', ['version' => 1, 'time' => time(), 'room' => 10 ** 7]);
        $this->assertSame(['need' => 99, 'room' => 10], $this->judge()['extractiontoolarge']);
        $this->tell('status', ['version' => 1, 'time' => time() - HOURSECS, 'room' => 10 ** 10]);
        $this->assertSame(['minutes' => 60], $this->judge()['extractionsilent']);
        unlink($this->folder . '/answers/status.json');
        $this->assertSame(['minutes' => 0], $this->judge()['extractionsilent']);
    }

    public function test_a_ref_is_looked_up_and_never_a_path() {
        $this->lost_course();
        $bad = ['wholesite:../../etc/passwd:1', 'wholesite:' . self::BACKUP . ':0', 'wholesite:' . self::BACKUP . ':99999999',
            'wholesite:' . self::BACKUP, 'wholesite:' . strtoupper(self::BACKUP) . ':' . $this->courseid, ];
        foreach ($bad as $ref) {
            $this->assertSame(['backupnotfound'], array_keys($this->judge($ref)), $ref);
        }
    }

    public function test_a_restore_waits_until_the_course_is_taken_out() {
        global $DB;

        $made = $this->lost_course();
        $key = $this->order();
        $operation = $this->work($key);
        $this->assertSame('running', $operation->status);
        $this->assertStringContainsString('261114013000', $operation->step);
        $task = $DB->get_record('task_adhoc', ['component' => 'local_otbridge'], '*', MUST_EXIST);
        $this->assertGreaterThan(time(), (int) $task->nextruntime);
        for ($round = 0; $round < 2 * worker::ATTEMPTS; $round++) {
            $this->answer(['state' => 'working', 'phase' => 'load', 'progress' => 0.5]);
            $operation = $this->work($key);
        }
        $this->assertSame('running', $operation->status);
        $this->assertEqualsWithDelta(0.05, (float) $operation->progress, 0.001);
        $this->assertSame([], step_rows::of((int) $operation->id));

        $request = spool::key(self::BACKUP, $this->courseid);
        rename($made, $this->folder . "/answers/$request.mbz");
        $this->answer(['state' => 'done', 'missing' => ['a.png']]);
        $operation = $this->work($key);
        $result = json_decode($operation->result)->course;
        $this->assertSame(['done', 'wholesite', $this->taken], [$operation->status, $result->source, $result->backuptime]);
        $this->assertSame('261114013000', $result->filename);
        $this->assertStringContainsString('a.png', $result->warnings[0]);
        $this->assertSame(1, $DB->count_records('course', ['shortname' => 'chem']));
        $this->assertSame([], glob($this->folder . '/requests/*'));
        $this->assertGreaterThan(0, backups::find(['shortname' => 'chem'], 50)['backups'][0]['size']);
    }

    public function test_two_orders_are_one_request() {
        $this->lost_course();
        [$one, $other] = [$this->order(), $this->order()];
        $this->work($one);
        $before = file_get_contents(glob($this->folder . '/requests/*')[0]);
        $this->work($other);
        $this->assertSame([$before], array_map('file_get_contents', glob($this->folder . '/requests/*')));
    }

    public function test_a_failed_extraction_ends_the_order_with_its_reason_and_is_tried_anew() {
        $this->lost_course();
        $key = $this->order();
        $this->work($key);
        $this->answer(['state' => 'failed', 'code' => 'filesmissing', 'facts' => ['count' => 2, 'total' => 9, 'names' => 'a.png']]);
        $operation = $this->work($key);
        $this->assertSame(['failed', 'extractionfailed'], [$operation->status, $operation->errorcode]);
        $this->assertStringContainsString('2 of 9', $operation->error);
        $again = $this->order();
        $this->assertSame('running', $this->work($again)->status);
        $this->assertCount(1, glob($this->folder . '/requests/*'));
    }

    public function test_a_file_of_another_course_or_another_day_is_not_restored() {
        $made = $this->lost_course();
        $this->publish([[]], ['taken' => $this->taken - 1]);
        $key = $this->order();
        $this->work($key);
        rename($made, $this->folder . '/answers/' . spool::key(self::BACKUP, $this->courseid) . '.mbz');
        $this->answer(['state' => 'done']);
        $this->assertSame('extractionfailed', $this->work($key)->errorcode);
    }

    public function test_a_helper_that_is_gone_for_days_ends_the_order() {
        $this->lost_course();
        $key = $this->order();
        $this->work($key);
        $this->tell('status', ['version' => 1, 'time' => time() - 3 * DAYSECS, 'room' => 10 ** 10]);
        $this->assertSame('extractionsilent', $this->work($key)->errorcode);
    }

    public function test_ten_thousand_courses_are_searched_in_one_reading() {
        $this->lost_course();
        $many = [];
        for ($number = 1; $number <= 10000; $number++) {
            $many[] = ['id' => 100000 + $number, 'shortname' => "course $number", 'fullname' => "Курс $number"];
        }
        $this->publish($many);
        $index = new index($this->folder . '/answers/index.jsonl');
        $this->assertSame('course 9999', $index->find(['fullname' => 'Курс 9999'])[0]['course']['shortname']);
        $this->assertSame(100001, $index->get(self::BACKUP, 100001)['course']['id']);
        $this->assertTrue(source::has('wholesite:' . self::BACKUP . ':100001'));
    }
}
