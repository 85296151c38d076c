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
 * Tests of the step role.create.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use local_otbridge\external\run;
use local_otbridge\external\undo;

/**
 * Roles hold exactly what was ordered, and no more than the site allows.
 *
 * @covers \local_otbridge\roles
 * @covers \local_otbridge\step\role_create
 * @covers \local_otbridge\policy
 */
class role_test extends \advanced_testcase {
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
     * A program that makes a role.
     *
     * @param array $order
     * @return string
     */
    private function program(array $order): string {
        $step = $order + ['step' => 'role.create', 'as' => 'role', 'shortname' => 'helper', 'name' => 'Помощник'];
        return json_encode(['version' => 1, 'steps' => [$step]]);
    }

    /**
     * Create a role.
     *
     * @param array $order
     * @return array the result
     */
    private function create(array $order = []): array {
        return json_decode(run::execute($this->key(), $this->program($order))['result'], true)['role'];
    }

    /**
     * Faults of an order.
     *
     * @param array $order
     * @return string[] code by path
     */
    private function faults(array $order): array {
        $faults = new faults();
        checker::check(new program($this->program($order)), 0, $faults);
        return array_column($faults->all(), 'code', 'path');
    }

    /**
     * Allowed capabilities.
     *
     * @param string ...$names
     * @return array
     */
    private function allow(string ...$names): array {
        return array_map(static function ($name) {
            return ['name' => $name, 'permission' => 'allow'];
        }, $names);
    }

    public function test_a_role_without_archetype_holds_exactly_what_was_ordered() {
        global $DB;
        $ordered = [
            ['name' => 'moodle/course:delete', 'permission' => 'prohibit'],
            ['name' => 'moodle/course:view', 'permission' => 'allow'],
        ];
        $result = $this->create(['contextlevels' => ['course', 'system'], 'capabilities' => $ordered, 'allowassign' => ['student']]);
        $this->assertSame(['system', 'course'], $result['contextlevels']);
        $this->assertSame($ordered, $result['capabilities']);
        $manager = $DB->get_field('role', 'id', ['shortname' => 'manager']);
        foreach (['assign', 'override', 'view'] as $kind) {
            $this->assertTrue($DB->record_exists("role_allow_$kind", ['roleid' => $manager, "allow$kind" => $result['id']]));
        }
        $this->assertSame(1, $DB->count_records('role_allow_assign', ['roleid' => $result['id']]));
    }

    public function test_an_archetypes_defaults_come_first_and_the_order_on_top() {
        $result = $this->create([
            'archetype' => 'student', 'capabilities' => [['name' => 'mod/forum:replypost', 'permission' => 'prevent']],
        ]);
        $held = array_column($result['capabilities'], 'permission', 'name');
        $this->assertSame(['prevent', 'allow'], [$held['mod/forum:replypost'], $held['mod/quiz:attempt']]);
        $this->assertSame(['course', 'module'], $result['contextlevels']);
    }

    public function test_what_is_unknown_is_named_at_its_place() {
        $this->create();
        $this->assertEquals([
            'steps[0].capabilities[0].name' => 'unknowncapability', 'steps[0].capabilities[2].name' => 'unknowncapability',
            'steps[0].capabilities[3].name' => 'capabilitytwice', 'steps[0].allowview[1]' => 'unknownrole',
            'steps[0].shortname' => 'shortnametaken',
        ], $this->faults([
            'capabilities' => $this->allow('no/such:one', 'moodle/course:view', 'no/such:two', 'moodle/course:view'),
            'allowview' => ['student', 'king'],
        ]));
        $this->assertSame(['steps[0].contextlevels[0]' => 'paramchoice'], $this->faults(['contextlevels' => ['galaxy']]));
        $this->assertSame(['steps[0].archetype' => 'unknownarchetype'], $this->faults(['archetype' => 'king', 'shortname' => 'x']));
        $this->assertSame(['steps[0].shortname' => 'parampattern'], $this->faults(['shortname' => 'роль']));
    }

    public function test_risks_and_levels_are_the_administrators() {
        global $DB;
        $order = ['archetype' => 'student', 'contextlevels' => ['course', 'system'],
            'capabilities' => $this->allow('moodle/course:delete', 'moodle/course:view', 'mod/quiz:attempt'), ];
        $refused = ['steps[0].capabilities[0].name' => 'risknotallowed', 'steps[0].contextlevels[1]' => 'contextnotallowed'];
        $this->assertSame($refused, $this->faults($order));
        set_config('risks', 'dataloss', 'local_otbridge');
        set_config('contexts', 'student:system', 'local_otbridge');
        $this->assertSame([], $this->faults($order));
        // What core does not know is judged by its risks alone.
        $DB->insert_record('capabilities', [
            'name' => 'local/foreign:do', 'captype' => 'write', 'contextlevel' => 50, 'component' => 'local_foreign', 'riskbitmask' => RISK_SPAM,
        ]);
        $this->assertSame(['steps[0].capabilities[0].name' => 'risknotallowed'], $this->faults([
            'capabilities' => $this->allow('local/foreign:do'),
        ]));
        $this->assertSame([], $this->faults(['archetype' => 'manager', 'contextlevels' => ['system', 'course', 'user']]));
    }

    public function test_only_an_unchanged_role_that_nobody_holds_is_taken_back() {
        global $DB;
        $run = function (): array {
            $key = $this->key();
            return [$key, json_decode(run::execute($key, $this->program([]))['result'], true)['role']['id']];
        };
        [$key, $roleid] = $run();
        $system = \context_system::instance();
        role_assign($roleid, get_admin()->id, $system->id);
        $this->assertSame('roleassigned', undo::execute($this->key(), $key)['errorcode']);
        role_unassign($roleid, get_admin()->id, $system->id);
        $this->assertSame('done', undo::execute($this->key(), $key)['status']);
        foreach (['role' => 'id', 'role_allow_view' => 'allowview', 'role_context_levels' => 'roleid'] as $table => $field) {
            $this->assertSame(0, $DB->count_records($table, [$field => $roleid]), $table);
        }
        [$key, $roleid] = $run();
        assign_capability('moodle/course:view', CAP_ALLOW, $roleid, \context_coursecat::instance(1)->id);
        $told = undo::execute($this->key(), $key);
        $this->assertSame('changedsince', $told['errorcode']);
        $this->assertTrue($DB->record_exists('role', ['id' => $roleid]));
    }

    public function test_the_plugins_and_cores_capability_are_both_needed() {
        $user = $this->getDataGenerator()->create_user();
        $system = \context_system::instance()->id;
        $roleid = $this->getDataGenerator()->create_role();
        role_assign($roleid, $user->id, $system);
        foreach (['local/otbridge:managerole', 'moodle/role:manage'] as $held) {
            foreach (['local/otbridge:managerole', 'moodle/role:manage'] as $capability) {
                assign_capability($capability, $capability === $held ? CAP_ALLOW : CAP_PREVENT, $roleid, $system, true);
            }
            accesslib_clear_all_caches_for_unit_testing();
            $this->setUser($user);
            $this->assertSame(['steps[0]' => 'nopermissions'], $this->faults([]));
        }
    }
}
