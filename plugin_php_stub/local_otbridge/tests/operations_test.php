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
 * Tests of the table of operations.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

/**
 * A key is used once.
 *
 * @covers \local_otbridge\operations
 */
class operations_test extends \advanced_testcase {
    /** @var string a key */
    const KEY = '0b5e9f0c-1111-4222-8333-444455556666';

    /**
     * Every test writes; transactions are real ones.
     */
    protected function setUp(): void {
        parent::setUp();
        $this->resetAfterTest();
        $this->preventResetByRollback();
        $this->setAdminUser();
    }

    /**
     * Run an action under the key.
     *
     * @param array $params
     * @param callable|null $check
     * @param callable|null $do
     * @return array
     */
    private function run_once(array $params, ?callable $check = null, ?callable $do = null): array {
        $nothing = static function () {
        };
        return operations::once('create_role', self::KEY, $params, $check ?? $nothing, $do ?? static function ($row) {
            operations::done($row, ['made' => 'Роль']);
        });
    }

    public function test_the_work_is_done_once() {
        $first = $this->run_once(['a' => 1, 'b' => 2]);
        $again = $this->run_once(['b' => 2, 'a' => 1], null, function () {
            $this->fail('done twice');
        });
        $this->assertSame($first, $again);
        $this->assertSame(['done', '{"made":"Роль"}', 1.0], [$first['status'], $first['result'], $first['progress']]);
    }

    public function test_other_parameters_are_refused() {
        $this->run_once(['a' => 1]);
        $this->expectExceptionMessage(get_string('opkeyreused', 'local_otbridge', self::KEY));
        $this->run_once(['a' => 2]);
    }

    public function test_a_refusal_before_leaves_the_key_free() {
        try {
            $this->run_once(['a' => 1], static function () {
                throw new \moodle_exception('unknownrole', 'local_otbridge');
            });
            $this->fail('not refused');
        } catch (\moodle_exception $error) {
            $this->assertSame('unknownrole', $error->errorcode);
        }
        $this->assertNull(operations::find(self::KEY));
        $this->assertSame('done', $this->run_once(['a' => 1])['status']);
    }

    public function test_a_failure_within_undoes_row_and_work() {
        global $DB;
        try {
            $this->run_once(['a' => 1], null, static function () {
                set_config('trace', 'x', 'local_otbridge');
                throw new \TypeError('broken');
            });
            $this->fail('not failed');
        } catch (\TypeError $error) {
            $this->assertSame('broken', $error->getMessage());
        }
        $this->assertNull(operations::find(self::KEY));
        $this->assertFalse($DB->record_exists('config_plugins', ['plugin' => 'local_otbridge', 'name' => 'trace']));
        $this->assertFalse($DB->is_transaction_started());
    }

    public function test_who_comes_second_to_the_row_is_told_what_the_first_did() {
        // The other call inserts its row after this one has looked and before it writes.
        $told = $this->run_once(['a' => 1], function () {
            $this->run_once(['a' => 1]);
        }, function () {
            $this->fail('done twice');
        });
        $this->assertSame('done', $told['status']);
        $this->assertDebuggingNotCalled();
    }

    public function test_a_key_is_a_uuid_in_lower_case() {
        $this->assertSame(self::KEY, operations::key(strtoupper(self::KEY)));
        $this->expectException(\invalid_parameter_exception::class);
        operations::key(self::KEY . "\n");
    }

    public function test_a_key_that_was_never_seen_is_none() {
        $told = operations::describe(operations::find(self::KEY), self::KEY);
        $this->assertSame([self::KEY, 'none', '', 0], [$told['opkey'], $told['status'], $told['result'], $told['timecreated']]);
    }
}
