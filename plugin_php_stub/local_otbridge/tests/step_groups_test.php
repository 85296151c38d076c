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
 * Tests of the steps for groupings and members.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/step_testcase.php');

/**
 * Groupings, and who is where.
 *
 * @covers \local_otbridge\step\grouping_create
 * @covers \local_otbridge\step\grouping_add
 * @covers \local_otbridge\step\group_add_member
 */
class step_groups_test extends step_testcase {
    /**
     * A program with a group, a grouping, and the user in the group.
     *
     * @param int $user
     * @return array
     */
    private function steps(int $user): array {
        $course = (int) $this->course->id;
        return [
            'g' => ['step' => 'group.create', 'course' => $course, 'name' => 'Группа'],
            'p' => ['step' => 'grouping.create', 'course' => $course, 'name' => 'Поток', 'idnumber' => 'p1'],
            'in' => ['step' => 'grouping.add', 'grouping' => '$p.id', 'group' => '$g.id'],
            'm' => ['step' => 'group.add_member', 'group' => '$g.id', 'user' => $user],
        ];
    }

    public function test_they_are_made_once_and_taken_back() {
        global $DB;
        $user = (int) $this->getDataGenerator()->create_and_enrol($this->course)->id;
        $this->prove($this->steps($user), function (array $results) use ($DB, $user) {
            $this->assertTrue($DB->record_exists('groupings_groups', [
                'groupingid' => $results['p']['id'], 'groupid' => $results['g']['id'],
            ]));
            $this->assertTrue(groups_is_member($results['g']['id'], $user));
        });
    }

    public function test_faults_are_found_beforehand() {
        $user = (int) $this->getDataGenerator()->create_user()->id;
        $member = (int) $this->getDataGenerator()->create_and_enrol($this->course)->id;
        $other = $this->getDataGenerator()->create_course();
        $group = (int) $this->getDataGenerator()->create_group(['courseid' => $this->course->id, 'name' => 'Есть'])->id;
        $foreign = (int) $this->getDataGenerator()->create_group(['courseid' => $other->id])->id;
        $grouping = (int) $this->getDataGenerator()->create_grouping(['courseid' => $this->course->id, 'name' => 'Есть'])->id;
        groups_assign_grouping($grouping, $group);
        groups_add_member($group, $member);
        $course = (int) $this->course->id;
        $this->assertSame([
            'steps[0].name groupingnametaken', 'steps[1].group othercourse', 'steps[2].group alreadyingrouping',
            'steps[3].user notenrolled', 'steps[4].user alreadymember', 'steps[6].name groupingnametaken',
        ], $this->faults([
            'a' => ['step' => 'grouping.create', 'course' => $course, 'name' => 'Есть'],
            'b' => ['step' => 'grouping.add', 'grouping' => $grouping, 'group' => $foreign],
            'c' => ['step' => 'grouping.add', 'grouping' => $grouping, 'group' => $group],
            'd' => ['step' => 'group.add_member', 'group' => $group, 'user' => $user],
            'e' => ['step' => 'group.add_member', 'group' => $group, 'user' => $member],
            'f' => ['step' => 'grouping.create', 'course' => $course, 'name' => 'Новый'],
            'g' => ['step' => 'grouping.create', 'course' => $course, 'name' => 'Новый'],
        ]));
    }

    public function test_a_grouping_that_got_another_group_stays() {
        global $DB;
        $key = $this->key();
        $made = $this->do(['p' => ['step' => 'grouping.create', 'course' => (int) $this->course->id, 'name' => 'Поток']], $key);
        $group = $this->getDataGenerator()->create_group(['courseid' => $this->course->id]);
        groups_assign_grouping($made['p']['id'], $group->id, time() + 5);
        $this->assertSame('changedsince', $this->take_back($key)['errorcode']);
        $this->assertTrue($DB->record_exists('groupings', ['id' => $made['p']['id']]));
    }
}
