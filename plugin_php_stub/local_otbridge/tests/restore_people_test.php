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
 * Tests of whose accounts people's data go to.
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
 * Data never go to a wrong account, or to a deleted one, without a word.
 *
 * @covers \local_otbridge\people
 * @covers \local_otbridge\course_restorer
 * @covers \local_otbridge\language
 */
class restore_people_test extends restore_testcase {
    /** @var \stdClass[] by login */
    private $users = [];
    /** @var \stdClass */
    private $course;

    /**
     * A course with a forum in which each of some people said something, deleted.
     *
     * @param string[] $logins
     * @return string ref of its copy
     */
    private function course_of(array $logins): string {
        $generator = $this->getDataGenerator();
        $this->course = $generator->create_course(['shortname' => 'chem', 'fullname' => 'Химия']);
        $forum = $generator->create_module('forum', ['course' => $this->course->id]);
        foreach ($logins as $login) {
            $user = $generator->create_and_enrol($this->course, 'student', [
                'username' => $login, 'email' => "$login@example.org", 'firstname' => 'Имя', 'lastname' => $login,
            ]);
            $this->users[$login] = $user;
            $generator->get_plugin_generator('mod_forum')->create_discussion([
                'course' => $this->course->id, 'forum' => $forum->id, 'userid' => $user->id, 'name' => "by $login",
            ]);
        }
        delete_course($this->course, false);
        return $this->find(['shortname' => 'chem'])['backups'][0]['ref'];
    }

    /**
     * Whose discussion it is now.
     *
     * @param int $courseid
     * @param string $login in the backup
     * @return int an account
     */
    private function author(int $courseid, string $login): int {
        global $DB;
        return (int) $DB->get_field('forum_discussions', 'userid', ['course' => $courseid, 'name' => "by $login"], MUST_EXIST);
    }

    /**
     * What the plan says of an order.
     *
     * @param array $order
     * @return array codes of faults, words of notes
     */
    private function planned(array $order): array {
        $step = $order + ['step' => 'course.restore', 'as' => 'course', 'category' => 1];
        $told = check::execute(json_encode(['version' => 1, 'files' => [], 'steps' => [$step]]));
        return [array_column($told['faults'], 'code'), array_column($told['notes'], 'message')];
    }

    public function test_each_person_keeps_the_data_or_is_named() {
        global $DB;
        $ref = $this->course_of(['same', 'renamed', 'anew', 'gone', 'taken', 'purged']);
        $DB->set_field('user', 'username', 'newname', ['id' => $this->users['renamed']->id]);
        delete_user($DB->get_record('user', ['id' => $this->users['anew']->id]));
        $anew = $this->getDataGenerator()->create_user(['username' => 'anew', 'email' => 'ANEW@example.org']);
        delete_user($DB->get_record('user', ['id' => $this->users['gone']->id]));
        delete_user($DB->get_record('user', ['id' => $this->users['taken']->id]));
        $other = $this->getDataGenerator()->create_user(['username' => 'taken', 'email' => 'other@example.org']);
        $DB->delete_records('user', ['id' => $this->users['purged']->id]);
        [$faults, $notes] = $this->planned(['ref' => $ref, 'lang' => 'ru']);
        $this->assertSame([], $faults);
        $expected = [
            'Имя renamed: логин renamed теперь newname', 'Имя anew: учётная запись anew была удалена и создана заново',
            'Имя gone: учётная запись gone удалена', 'Имя taken: логин taken теперь у другого человека',
            'Имя purged: учётной записи purged больше нет',
        ];
        $this->assertCount(count($expected), $notes);
        foreach ($expected as $words) {
            $this->assertNotEmpty(preg_grep('/^' . preg_quote($words, '/') . '/u', $notes), $words . implode("\n", $notes));
        }
        $row = $this->work($this->order(['ref' => $ref, 'lang' => 'ru']));
        $this->assertSame('done', $row->status, (string) $row->error);
        $this->assertEqualsCanonicalizing($notes, $row->result->warnings);
        $course = $row->result->id;
        foreach (['same' => $this->users['same'], 'renamed' => $this->users['renamed'], 'anew' => $anew, 'gone' => $this->users['gone']]
                as $login => $account) {
            $this->assertSame((int) $account->id, $this->author($course, $login), $login);
        }
        $standin = $DB->get_record('user', ['id' => $this->author($course, 'taken')]);
        $this->assertSame(['1', 'nologin'], [$standin->deleted, $standin->auth]);
        $this->assertNotEquals($other->id, $standin->id);
        $this->assertSame('purged', $DB->get_field('user', 'username', ['id' => $this->author($course, 'purged')]));
        $this->assertFalse($DB->record_exists('user', ['username' => 'renamed']));
        $this->assertEmpty($GLOBALS['SESSION']->forcelang ?? '');
    }

    public function test_the_order_says_whose_the_data_are() {
        $ref = $this->course_of(['one', 'two']);
        $heir = $this->getDataGenerator()->create_user(['username' => 'heir']);
        $people = [['login' => 'one', 'account' => 'heir'], ['login' => 'two']];
        $row = $this->work($this->order(['ref' => $ref, 'people' => $people]));
        $this->assertSame('done', $row->status, (string) $row->error);
        $this->assertCount(2, $row->result->warnings);
        $this->assertSame((int) $heir->id, $this->author($row->result->id, 'one'));
        $this->assertNotContains($this->author($row->result->id, 'two'), [(int) $this->users['two']->id, (int) $heir->id]);
    }

    public function test_what_the_order_says_of_people_must_be_possible() {
        $ref = $this->course_of(['one', 'two']);
        $wrong = [
            'personnotfound' => [['login' => 'nobody', 'account' => 'one']],
            'accountnotfound' => [['login' => 'one', 'account' => 'nobody']],
            'accounttwice' => [['login' => 'one', 'account' => 'two']],
        ];
        foreach ($wrong as $code => $people) {
            $this->assertSame([$code], $this->planned(['ref' => $ref, 'people' => $people])[0]);
        }
    }
}
