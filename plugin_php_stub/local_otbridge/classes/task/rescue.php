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
 * Scheduled task that goes on with operations whose process died.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\task;

use core\lock\lock_config;
use core\task\scheduled_task;
use local_otbridge\operations;
use local_otbridge\program_files;
use stdClass;

/**
 * Sees to it that every operation ends.
 *
 * Moodle 3.9 runs an ad hoc task again as soon as its process is gone. Newer ones do so only after a nightly clean-up, and until
 * then the dead task's row takes the place of new ones. A light program has no task at all. The locks tell what is dead: they go
 * with the process that held them.
 */
class rescue extends scheduled_task {
    /**
     * Name of the task for the administrator.
     *
     * @return string
     */
    public function get_name() {
        return get_string('taskrescue', 'local_otbridge');
    }

    /**
     * Look at every operation that has not ended and that nobody works on.
     */
    public function execute() {
        global $DB;

        $this->forget_tasks();
        [$in, $params] = $DB->get_in_or_equal(operations::OPEN);
        foreach ($DB->get_records_select_menu(operations::TABLE, "status $in", $params, 'id', 'id, opkey') as $id => $opkey) {
            if ($lock = operations::lock($opkey, 0)) {
                try {
                    $this->look_at(operations::get((int) $id));
                } finally {
                    $lock->release();
                }
            }
        }
        $this->forget_files();
    }

    /**
     * Queue an operation that has no task.
     *
     * @param stdClass|null $operation its row, read under its lock
     */
    private function look_at(?stdClass $operation): void {
        global $DB;

        if (!$operation || !operations::is_open($operation)) {
            return;
        }
        foreach ($DB->get_records('task_adhoc', ['component' => 'local_otbridge']) as $row) {
            $ours = (int) (json_decode($row->customdata)->operationid ?? 0) === (int) $operation->id;
            if ($ours && (empty($row->timestarted) || !$this->forget_dead($row))) {
                return; // Cron will run it, or is just running it.
            }
        }
        mtrace("operation {$operation->opkey} is {$operation->status} and has no task: queued anew");
        work_on::queue((int) $operation->id);
    }

    /**
     * Forget tasks of operations that have ended, because a call went on with them. One whose process died would keep all other
     * tasks of this plugin from running: Moodle counts it as running until its nightly clean-up (measured on 4.5.6).
     */
    private function forget_tasks(): void {
        global $DB;

        foreach ($DB->get_records('task_adhoc', ['component' => 'local_otbridge']) as $row) {
            $operation = operations::get((int) (json_decode($row->customdata)->operationid ?? 0));
            if ($operation === null || !operations::is_open($operation)) {
                $this->forget_dead($row);
            }
        }
    }

    /**
     * Delete the row of a task that nobody is running.
     *
     * @param stdClass $row
     * @return bool false when the process lives
     */
    private function forget_dead(stdClass $row): bool {
        global $DB;

        $lock = lock_config::get_lock_factory('cron')->get_lock('adhoc_' . $row->id, 0);
        if (!$lock) {
            return false;
        }
        try {
            $DB->delete_records('task_adhoc', ['id' => $row->id]);
            return true;
        } finally {
            $lock->release();
        }
    }

    /**
     * Remove files of operations that ended without removing them.
     */
    private function forget_files(): void {
        global $DB;

        [$in, $params] = $DB->get_in_or_equal(operations::OPEN, SQL_PARAMS_QM, 'param', false);
        $ended = $DB->get_fieldset_sql(
            "SELECT DISTINCT f.itemid
               FROM {files} f
               JOIN {" . operations::TABLE . "} o ON o.id = f.itemid
              WHERE f.component = 'local_otbridge' AND f.filearea = '" . program_files::AREA . "' AND o.status $in",
            $params
        );
        foreach ($ended as $operationid) {
            program_files::remove((int) $operationid);
        }
    }
}
