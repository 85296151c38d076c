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
 * Tests of the functions for roles.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use local_otbridge\external\create_role;
use local_otbridge\external\delete_role;

/**
 * Roles hold exactly what was ordered.
 *
 * @covers \local_otbridge\role_maker
 * @covers \local_otbridge\external\create_role
 * @covers \local_otbridge\external\delete_role
 */
class role_maker_test extends \advanced_testcase {
    /** @var int the next key */
    private $number = 0;

    /**
     * Every test writes.
     */
    protected function setUp(): void {
        parent::setUp();
        $this->resetAfterTest();
        $this->preventResetByRollback();
        $this->setAdminUser();
    }

    /**
     * A new key.
     *
     * @return string
     */
    private function key(): string {
        return sprintf('00000000-0000-4000-8000-%012d', ++$this->number);
    }

    /**
     * Create a role.
     *
     * @param array $order
     * @return array the result
     */
    private function create(array $order = []): array {
        $order += ['shortname' => 'helper', 'name' => 'Помощник', 'archetype' => '', 'levels' => [], 'capabilities' => [], 'assign' => []];
        $told = create_role::execute(
            $this->key(),
            $order['shortname'],
            $order['name'],
            '',
            $order['archetype'],
            $order['levels'],
            $order['capabilities'],
            $order['assign']
        );
        return json_decode($told['result'], true);
    }

    /**
     * The error code of a call.
     *
     * @param callable $call
     * @return string
     */
    private function refusal(callable $call): string {
        try {
            $call();
        } catch (\moodle_exception $error) {
            return $error->errorcode . ' ' . $error->a;
        }
        return 'not refused';
    }

    public function test_a_role_without_archetype_holds_exactly_what_was_ordered() {
        global $DB;
        $ordered = [
            ['name' => 'moodle/course:delete', 'permission' => 'prohibit'],
            ['name' => 'moodle/course:view', 'permission' => 'allow'],
        ];
        $result = $this->create(['levels' => ['course', 'system'], 'capabilities' => $ordered, 'assign' => ['student', 'student']]);
        $this->assertSame(['system', 'course'], $result['contextlevels']);
        $this->assertSame($ordered, $result['capabilities']);
        $manager = $DB->get_field('role', 'id', ['shortname' => 'manager']);
        foreach (['assign', 'override', 'view'] as $kind) {
            $this->assertTrue($DB->record_exists("role_allow_$kind", ['roleid' => $manager, "allow$kind" => $result['roleid']]));
        }
        $this->assertSame(1, $DB->count_records('role_allow_assign', ['roleid' => $result['roleid']]));
    }

    public function test_an_archetypes_defaults_come_first_and_the_order_on_top() {
        $result = $this->create([
            'archetype' => 'student', 'capabilities' => [['name' => 'mod/forum:replypost', 'permission' => 'prevent']],
        ]);
        $held = array_column($result['capabilities'], 'permission', 'name');
        $this->assertSame(['prevent', 'allow'], [$held['mod/forum:replypost'], $held['mod/quiz:attempt']]);
        $this->assertSame(['course', 'module'], $result['contextlevels']);
    }

    public function test_what_is_unknown_is_named_together() {
        $this->assertSame('unknowncapability no/such:one, no/such:two', $this->refusal(function () {
            $this->create(['capabilities' => [
                ['name' => 'no/such:one', 'permission' => 'allow'], ['name' => 'moodle/course:view', 'permission' => 'allow'],
                ['name' => 'no/such:two', 'permission' => 'allow'],
            ]]);
        }));
        $this->assertSame('unknownrole king', $this->refusal(function () {
            $this->create(['assign' => ['student', 'king']]);
        }));
        $this->assertSame('unknowncontextlevel galaxy', $this->refusal(function () {
            $this->create(['levels' => ['course', 'galaxy']]);
        }));
        $this->assertSame('unknownarchetype king', $this->refusal(function () {
            $this->create(['archetype' => 'king']);
        }));
    }

    public function test_a_taken_short_name_is_refused() {
        $this->create();
        $this->assertSame('shortnametaken helper', $this->refusal(function () {
            $this->create();
        }));
    }

    public function test_the_plugins_and_cores_capability_are_both_needed() {
        $user = $this->getDataGenerator()->create_user();
        $system = \context_system::instance()->id;
        $roleid = $this->getDataGenerator()->create_role();
        role_assign($roleid, $user->id, $system);
        foreach ([['local/otbridge:managerole'], ['moodle/role:manage']] as $held) {
            foreach (['local/otbridge:managerole', 'moodle/role:manage'] as $capability) {
                assign_capability($capability, in_array($capability, $held) ? CAP_ALLOW : CAP_PREVENT, $roleid, $system, true);
            }
            accesslib_clear_all_caches_for_unit_testing();
            $this->setUser($user);
            $this->assertStringStartsWith('nopermissions', $this->refusal(function () {
                $this->create();
            }));
        }
    }

    public function test_only_an_own_role_that_nobody_holds_is_deleted() {
        global $DB;
        $roleid = $this->create()['roleid'];
        $student = $DB->get_field('role', 'id', ['shortname' => 'student']);
        $user = $this->getDataGenerator()->create_user();
        role_assign($roleid, $user->id, \context_system::instance()->id);
        $delete = function ($id) {
            return delete_role::execute($this->key(), $id);
        };
        $this->assertSame("rolenotours $student", $this->refusal(function () use ($delete, $student) {
            $delete($student);
        }));
        $this->assertSame("roleassigned $roleid", $this->refusal(function () use ($delete, $roleid) {
            $delete($roleid);
        }));
        role_unassign($roleid, $user->id, \context_system::instance()->id);
        $this->assertSame(['roleid' => $roleid, 'shortname' => 'helper'], json_decode($delete($roleid)['result'], true));
        $this->assertSame(0, $DB->count_records('role_allow_view', ['allowview' => $roleid]));
        $this->assertSame("rolenotours $roleid", $this->refusal(function () use ($delete, $roleid) {
            $delete($roleid);
        }));
    }
}
