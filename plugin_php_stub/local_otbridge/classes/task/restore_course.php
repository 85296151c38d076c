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
 * Ad hoc task that does the work of a restore operation.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\task;

use core\lock\lock_config;
use core\task\adhoc_task;
use core\task\manager;
use core_user;
use local_otbridge\course_restorer;
use local_otbridge\operations;
use moodle_exception;
use stdClass;
use Throwable;

/**
 * Restores a course, so that the operation ends with exactly one course, or with none and a reason.
 *
 * When its process died (killed, out of memory, rebooted), the task is run again by cron or by {@see rescue}. What the dead
 * attempt left is then removed, and the work begins anew, once; after a second death the operation has failed.
 */
class restore_course extends adhoc_task {
    /** @var int how often the work is begun at most */
    const ATTEMPTS = 2;

    /** @var string[] error codes of docs/plugin-api.md; every other failure is `restorefailed` */
    const ERRORCODES = ['backupnotfound', 'backupinvalid', 'precheckfailed', 'shortnametaken'];

    /**
     * Queue the work of an operation.
     *
     * @param int $operationid
     */
    public static function queue(int $operationid): void {
        $task = new self();
        // The user is not set here: cron drops tasks of users who are gone, and nobody would learn what became of the operation.
        $task->set_component('local_otbridge');
        $task->set_custom_data(['operationid' => $operationid]);
        manager::queue_adhoc_task($task);
    }

    /**
     * Name of the lock that is held while an operation is worked on.
     *
     * @param int $operationid
     * @return string
     */
    public static function lock_name(int $operationid): string {
        return 'operation' . $operationid;
    }

    /**
     * Name of the task for the administrator.
     *
     * @return string
     */
    public function get_name() {
        return get_string('taskrestorecourse', 'local_otbridge');
    }

    /**
     * Do the work, unless it is done.
     */
    public function execute() {
        $operationid = (int) $this->get_custom_data()->operationid;
        $lock = lock_config::get_lock_factory('local_otbridge')->get_lock(self::lock_name($operationid), 5);
        if (!$lock) {
            throw new moodle_exception('locktimeout'); // Somebody is at it; cron comes again later.
        }
        try {
            $operation = operations::get($operationid);
            if ($operation && in_array($operation->status, [operations::QUEUED, operations::RUNNING], true)) {
                $this->work($operation);
            }
        } finally {
            $lock->release();
        }
    }

    /**
     * Begin, or begin anew.
     *
     * @param stdClass $operation its row
     */
    private function work(stdClass $operation): void {
        if ($operation->status === operations::RUNNING) {
            mtrace("operation {$operation->opkey}: attempt {$operation->attempts} died, removing what it left");
            course_restorer::clean_up($operation);
            if ($operation->attempts >= self::ATTEMPTS) {
                operations::failed($operation, 'interrupted', get_string('interrupted', 'local_otbridge', $operation->attempts));
                return;
            }
        }
        operations::update($operation, [
            'status' => operations::RUNNING, 'attempts' => $operation->attempts + 1, 'timestarted' => $operation->timestarted ?: time(),
        ]);
        try {
            self::become((int) $operation->userid);
            $result = (new course_restorer($operation))->run();
            operations::done($operation, $result);
        } catch (Throwable $error) {
            $this->fail($operation, $error);
        } finally {
            self::set_up_user(null);
        }
    }

    /**
     * Remove what the attempt left, and note why it failed.
     *
     * @param stdClass $operation its row
     * @param Throwable $error
     */
    private function fail(stdClass $operation, Throwable $error): void {
        global $DB;

        if ($DB->is_transaction_started()) {
            $DB->force_transaction_rollback();
        }
        self::set_up_user(null);
        mtrace("operation {$operation->opkey} failed: " . get_class($error) . ': ' . $error->getMessage());
        mtrace(format_backtrace($error->getTrace(), true));
        course_restorer::clean_up($operation);
        $code = $error instanceof moodle_exception && in_array($error->errorcode, self::ERRORCODES, true)
            ? $error->errorcode : 'restorefailed';
        operations::failed($operation, $code, $error->getMessage());
    }

    /**
     * Work as the user who ordered it.
     *
     * @param int $userid
     */
    private static function become(int $userid): void {
        $user = core_user::get_user($userid, '*', MUST_EXIST);
        core_user::require_active_user($user, true, true);
        self::set_up_user($user);
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
