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
 * Tests of the index of backup files, and of which copy is taken.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/restore_testcase.php');

/**
 * A search opens no file, misses none, and damaged copies give way to older ones.
 *
 * @covers \local_otbridge\archive
 * @covers \local_otbridge\archive_tgz
 * @covers \local_otbridge\archive_zip
 * @covers \local_otbridge\backup_files
 * @covers \local_otbridge\backup_index
 * @covers \local_otbridge\backups
 * @covers \local_otbridge\origins
 * @covers \local_otbridge\task\read_backups
 */
class backup_search_test extends restore_testcase {
    /**
     * The folder of automated backups, with copies of the one backup that lies in the bin, which is emptied.
     *
     * @param string[] $names the oldest first
     * @return string its path
     */
    private function folder_of(array $names): string {
        $folder = make_request_directory();
        set_config('backup_auto_destination', $folder, 'backup');
        $bin = get_file_storage()->get_area_files(
            \context_coursecat::instance(1)->id,
            'tool_recyclebin',
            'recyclebin_coursecat',
            false,
            'id',
            false
        );
        foreach ($names as $age => $name) {
            reset($bin)->copy_content_to("$folder/$name");
            touch("$folder/$name", time() - 1000 + $age);
        }
        reset($bin)->delete();
        return $folder;
    }

    /**
     * Do the work of the scheduled task.
     */
    private function read_all(): void {
        $this->expectOutputRegex('/.*/');
        (new task\read_backups())->execute();
    }

    /**
     * Spoil a byte, so that neither its name nor its size nor its time tells.
     *
     * @param string $path
     */
    private function spoil(string $path): void {
        $time = filemtime($path);
        $bytes = file_get_contents($path);
        $middle = intdiv(strlen($bytes), 2);
        $bytes[$middle] = chr(ord($bytes[$middle]) ^ 255);
        file_put_contents($path, $bytes);
        touch($path, $time);
        clearstatcache();
    }

    public function test_a_search_without_patience_finds_what_the_task_has_read() {
        $this->deleted_course();
        $this->folder_of(['a.mbz', 'b.mbz']);
        $before = backups::find(['shortname' => 'chem'], 50, false, -1);
        $this->assertSame([[], true, 2, []], [$before['backups'], $before['truncated'], $before['unread'], $before['unreadable']]);
        $this->read_all();
        $after = backups::find(['shortname' => 'chem'], 50, false, -1);
        $this->assertSame(['b.mbz', 'a.mbz'], array_column($after['backups'], 'filename'));
        $this->assertSame([false, 0], [$after['truncated'], $after['unread']]);
    }

    public function test_what_a_search_read_is_known_to_the_next_one() {
        $this->deleted_course();
        $this->assertCount(1, backups::find(['shortname' => 'chem'], 50)['backups']);
        $this->assertCount(1, backups::find(['shortname' => 'chem'], 50, false, -1)['backups']);
    }

    public function test_a_file_that_was_overwritten_is_read_again_and_one_that_is_gone_is_forgotten() {
        global $DB;
        $this->deleted_course();
        $folder = $this->folder_of(['a.mbz', 'b.mbz']);
        $this->read_all();
        file_put_contents("$folder/b.mbz", 'no archive at all');
        clearstatcache();
        $found = backups::find(['shortname' => 'chem'], 50);
        $this->assertSame(['a.mbz'], array_column($found['backups'], 'filename'));
        $this->assertSame(['b.mbz'], array_column($found['unreadable'], 'filename'));
        unlink("$folder/a.mbz");
        clearstatcache();
        $this->assertSame([], backups::find(['shortname' => 'chem'], 50)['backups']);
        $this->read_all();
        $this->assertSame(1, $DB->count_records(backup_index::TABLE));
    }

    public function test_a_damaged_copy_gives_way_to_the_next_older_one() {
        $this->deleted_course();
        $folder = $this->folder_of(['old.mbz', 'cut.mbz', 'spoilt.mbz']);
        $refs = array_column($this->find(['shortname' => 'chem'])['backups'], 'ref', 'filename');
        $this->spoil("$folder/spoilt.mbz");
        $time = filemtime("$folder/cut.mbz");
        $handle = fopen("$folder/cut.mbz", 'r+');
        ftruncate($handle, filesize("$folder/cut.mbz") - 1500);
        fclose($handle);
        touch("$folder/cut.mbz", $time);
        $order = ['ref' => $refs['spoilt.mbz'], 'older' => [$refs['cut.mbz'], $refs['old.mbz']]];
        $row = $this->work($this->order($order));
        $this->assertSame(['done', 'old.mbz'], [$row->status, $row->result->filename ?? $row->error]);
        $this->assertCount(2, $row->result->warnings);
        $this->assertStringContainsString('spoilt.mbz', $row->result->warnings[0]);
        $this->assertEquals((object) ['forum' => 1, 'page' => 2], $row->result->activities);
    }

    public function test_without_a_whole_copy_nothing_is_made() {
        global $DB;
        $this->deleted_course();
        $folder = $this->folder_of(['a.mbz']);
        $ref = $this->find(['shortname' => 'chem'])['backups'][0]['ref'];
        $this->spoil("$folder/a.mbz");
        $row = $this->work($this->order(['ref' => $ref]));
        $this->assertSame(['failed', 'backupinvalid'], [$row->status, $row->errorcode]);
        $this->assertFalse($DB->record_exists('course', ['shortname' => 'chem']));
    }

    public function test_a_file_whose_content_is_not_what_its_name_says_is_damage() {
        $folder = make_request_directory();
        $right = str_repeat('a', 700);
        foreach (['right' => sha1($right), 'wrong' => sha1('other')] as $what => $sha1) {
            $path = $this->packed(['files/' . substr($sha1, 0, 2) . '/' . $sha1 => $right], "$what.mbz");
            $archive = archive::open(backup_file::in_folder('', $path));
            $problem = '';
            try {
                $archive->unpack($folder);
            } catch (archive_fault $fault) {
                $problem = $fault->problem;
            }
            $archive->close();
            $this->assertSame($what === 'right' ? '' : 'badfile', $problem);
        }
    }

    public function test_names_lead_nowhere_but_into_the_folder() {
        foreach (['../outside', '/etc/passwd', 'a/../../b', 'a\\b'] as $name) {
            $path = make_request_directory() . '/bad.mbz';
            $zip = new \ZipArchive();
            $zip->open($path, \ZipArchive::CREATE);
            $zip->addFromString($name, 'x');
            $zip->close();
            $archive = archive::open(backup_file::in_folder('', $path));
            try {
                $archive->unpack(make_request_directory());
                $this->fail($name);
            } catch (archive_fault $fault) {
                $this->assertSame('badarchive', $fault->problem);
            } finally {
                $archive->close();
            }
        }
    }

    public function test_an_archive_that_unpacks_to_too_much_is_refused_before_it_fills_the_disk() {
        $this->deleted_course();
        $folder = $this->folder_of(['a.mbz']);
        $members = ['moodle_backup.xml' => '', 'course/course.xml' => '', 'bomb' => str_repeat("\0", policy::UNPACKED_ANYWAY)];
        $archive = archive::open(backup_file::in_folder('', "$folder/a.mbz"));
        foreach ($archive->members() as $name => $size) {
            if (isset($members[$name])) {
                $members[$name] = $archive->text();
            }
        }
        $archive->close();
        rename($this->packed($members, 'bomb.mbz'), "$folder/a.mbz");
        $ref = $this->find(['shortname' => 'chem'])['backups'][0]['ref'];
        $this->assertLessThan(policy::UNPACKED_ANYWAY / 60, filesize("$folder/a.mbz"));
        $row = $this->work($this->order(['ref' => $ref]));
        $this->assertSame(['failed', 'backupinvalid'], [$row->status, $row->errorcode]);
        $this->assertStringContainsString(get_string('unpackstoomuch', 'local_otbridge'), $row->error);
        $this->assertSame([], glob(make_backup_temp_directory('') . '/otbridge_*') ?: []);
    }

    public function test_a_course_that_was_restored_and_lost_again_is_one_course() {
        $course = $this->deleted_course();
        $ref = $this->find(['shortname' => 'chem'])['backups'][0]['ref'];
        $again = $this->work($this->order(['ref' => $ref]))->result->id;
        $this->assertSame([$again], array_column($this->find(['shortname' => 'chem'])['backups'], 'alive'));
        delete_course($again, false);
        foreach (['courseid' => (int) $course->id, 'shortname' => 'chem'] as $name => $value) {
            $found = $this->find([$name => $value])['backups'];
            $this->assertEqualsCanonicalizing([(int) $course->id, $again], array_column($found, 'courseid'));
            $this->assertSame([(int) $course->id], array_unique(array_column($found, 'origin')));
            $this->assertSame([0], array_unique(array_column($found, 'alive')));
        }
    }

    public function test_a_copy_that_a_person_put_into_another_course_is_not_the_site_s_own() {
        $this->deleted_course();
        $other = $this->getDataGenerator()->create_course(['shortname' => 'phys']);
        $where = ['contextid' => \context_course::instance($other->id)->id, 'component' => 'backup', 'itemid' => 0];
        $this->copy_of_bin($where + ['filearea' => 'course']);
        $this->assertSame(['recyclebin'], array_column($this->find(['shortname' => 'chem'])['backups'], 'source'));
        $all = $this->find(['shortname' => 'chem', 'private' => true])['backups'];
        $this->assertEqualsCanonicalizing(['recyclebin', 'filearea'], array_column($all, 'source'));
    }

    /**
     * A gzipped tar.
     *
     * @param string[] $members content by name
     * @param string $name
     * @return string its path
     */
    private function packed(array $members, string $name): string {
        $folder = make_request_directory();
        $paths = [];
        foreach ($members as $member => $content) {
            check_dir_exists(dirname("$folder/in/$member"), true, true);
            file_put_contents("$folder/in/$member", $content);
            $paths[$member] = "$folder/in/$member";
        }
        $packer = new \tgz_packer();
        $packer->archive_to_pathname($paths, "$folder/$name");
        return "$folder/$name";
    }
}
