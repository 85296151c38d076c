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
 * Ad hoc task that works on an operation.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\task;

use core\task\adhoc_task;
use core\task\manager;
use core_user;
use local_otbridge\operations;
use local_otbridge\worker;
use moodle_exception;
use stdClass;
use Throwable;

/**
 * Runs a heavy program or a heavy undoing, or goes on with what a dead process left.
 */
class work_on extends adhoc_task {
    /**
     * Queue the work on an operation.
     *
     * @param int $operationid
     * @param int $due not before, Unix seconds
     */
    public static function queue(int $operationid, int $due = 0): void {
        $task = new self();
        // The user is not set here: cron drops tasks of users who are gone, and nobody would learn what became of the operation.
        $task->set_component('local_otbridge');
        $task->set_custom_data(['operationid' => $operationid]);
        if ($due) {
            $task->set_next_run_time($due);
        }
        manager::queue_adhoc_task($task);
    }

    /**
     * Name of the task for the administrator.
     *
     * @return string
     */
    public function get_name() {
        return get_string('taskworkon', 'local_otbridge');
    }

    /**
     * Work, unless the operation has ended.
     */
    public function execute() {
        $operation = operations::get((int) $this->get_custom_data()->operationid);
        if ($operation === null || !operations::is_open($operation)) {
            return;
        }
        $lock = operations::lock($operation->opkey, 5);
        if (!$lock) {
            throw new moodle_exception('locktimeout'); // Somebody is at it; cron comes again later.
        }
        try {
            $this->work(worker::of(operations::get((int) $operation->id)), (int) $operation->userid);
        } finally {
            self::set_up_user(null);
            $lock->release();
        }
    }

    /**
     * Work as the user who ordered it.
     *
     * @param worker $worker
     * @param int $userid
     */
    private function work(worker $worker, int $userid): void {
        try {
            $user = core_user::get_user($userid, '*', MUST_EXIST);
            core_user::require_active_user($user, true, true);
        } catch (Throwable $error) {
            $worker->give_up($error);
            return;
        }
        self::set_up_user($user);
        $worker->work();
    }

    /**
     * Change the current user, in the way of this Moodle's version.
     *
     * @param stdClass|null $user null for cron's own
     */
    private static function set_up_user(?stdClass $user): void {
        if (class_exists('core\cron')) {
            \core\cron::setup_user($user);
        } else {
            require_once($GLOBALS['CFG']->libdir . '/cronlib.php');
            cron_setup_user($user);
        }
    }
}
