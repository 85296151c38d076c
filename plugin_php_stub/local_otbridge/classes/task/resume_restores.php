<?php
// This file is part of Moodle - https://moodle.org/
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
// along with Moodle.  If not, see <https://www.gnu.org/licenses/>.

/**
 * Scheduled task: queue restores again whose task has died.
 *
 * @package    local_otbridge
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\task;

use local_otbridge\operations;

/**
 * From Moodle 4.0 on core takes an ad hoc task whose process died for running, for an hour and more. The lock of the
 * operation tells at once.
 */
class resume_restores extends \core\task\scheduled_task {
    /**
     * Name, as administrators see it.
     *
     * @return string
     */
    public function get_name() {
        return get_string('taskresumerestores', 'local_otbridge');
    }

    /**
     * Queue each unfinished restore that nobody works on and that no waiting task stands for.
     */
    public function execute() {
        global $DB;

        $select = "action = 'restore_course' AND status IN (?, ?)";
        foreach ($DB->get_records_select(operations::TABLE, $select, [operations::QUEUED, operations::RUNNING], 'id') as $row) {
            $lock = operations::lock($row);
            if (!$lock) {
                continue;
            }
            try {
                $this->resume($row);
            } finally {
                $lock->release();
            }
        }
    }

    /**
     * Queue a restore, unless a task for it is waiting.
     *
     * @param \stdClass $row its operation
     */
    private function resume(\stdClass $row): void {
        global $DB;

        $dead = [];
        foreach ($DB->get_records('task_adhoc', ['classname' => '\\' . restore_course::class]) as $record) {
            if (json_decode($record->customdata)->opkey !== $row->opkey) {
                continue;
            }
            if (empty($record->timestarted)) {
                return;
            }
            $dead[] = $record->id;
        }
        mtrace("The restore under the key $row->opkey has no task any more, it is queued again.");
        $transaction = $DB->start_delegated_transaction();
        try {
            $DB->delete_records_list('task_adhoc', 'id', $dead);
            restore_course::queue($row->opkey, (int) $row->userid);
            $transaction->allow_commit();
        } catch (\moodle_exception $problem) {
            // The user is suspended or gone; it stays unfinished until they are back, and holds no other restore up.
            operations::roll_back($transaction, $problem);
            mtrace($problem->getMessage());
        }
    }
}
