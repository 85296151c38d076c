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
 * Tests of the privacy provider.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use core_privacy\local\request\approved_contextlist;
use core_privacy\local\request\userlist;
use core_privacy\local\request\writer;
use core_privacy\tests\provider_testcase;
use local_otbridge\privacy\provider;

/**
 * Who ordered is told, exported and forgotten; the operation stays.
 *
 * @covers \local_otbridge\privacy\provider
 */
class privacy_test extends provider_testcase {
    public function test_an_operation_stays_when_its_user_is_forgotten() {
        $this->resetAfterTest();
        $this->preventResetByRollback();
        $user = $this->getDataGenerator()->create_user();
        $this->setUser($user);
        $key = '0b5e9f0c-1111-4222-8333-444455556666';
        operations::insert(['opkey' => $key, 'kind' => 'run', 'hash' => 'x', 'program' => '{}', 'status' => 'done']);
        $system = \context_system::instance();

        $this->assertSame([$system->id], array_map('intval', provider::get_contexts_for_userid($user->id)->get_contextids()));
        $list = new userlist($system, 'local_otbridge');
        provider::get_users_in_context($list);
        $this->assertSame([(int) $user->id], array_map('intval', $list->get_userids()));

        $approved = new approved_contextlist($user, 'local_otbridge', [$system->id]);
        provider::export_user_data($approved);
        $exported = writer::with_context($system)->get_data([get_string('pluginname', 'local_otbridge')]);
        $this->assertSame($key, $exported->operations[0]->opkey);

        provider::delete_data_for_user($approved);
        $this->assertSame([], provider::get_contexts_for_userid($user->id)->get_contextids());
        $this->assertNotNull(operations::find($key));
    }
}
