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
 * Scheduled task that forgets what old operations did.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\task;

use core\task\scheduled_task;
use local_otbridge\operations;
use local_otbridge\site_files;
use local_otbridge\program_files;
use local_otbridge\step_rows;

/**
 * Deletes programs, steps and results after the time that the administrator set. Keys stay: a key that came again would
 * otherwise do the work a second time.
 */
class forget extends scheduled_task {
    /** @var int operations of one run at most */
    const BATCH = 1000;

    /**
     * Name of the task for the administrator.
     *
     * @return string
     */
    public function get_name() {
        return get_string('taskforget', 'local_otbridge');
    }

    /**
     * Forget.
     */
    public function execute() {
        global $DB;

        $days = (int) get_config('local_otbridge', 'retention');
        if ($days <= 0) {
            return;
        }
        [$in, $params] = $DB->get_in_or_equal(operations::OPEN, SQL_PARAMS_QM, 'param', false);
        $params[] = time() - $days * DAYSECS;
        $where = "status $in AND timefinished < ? AND (program IS NOT NULL OR result IS NOT NULL)";
        foreach ($DB->get_records_select(operations::TABLE, $where, $params, 'id', 'id', 0, self::BATCH) as $row) {
            $transaction = $DB->start_delegated_transaction();
            $DB->delete_records(step_rows::TABLE, ['operationid' => $row->id]);
            operations::update($row, ['program' => null, 'result' => null, 'error' => null, 'faults' => null]);
            $transaction->allow_commit();
            site_files::forget((int) $row->id);
            program_files::forget((int) $row->id); // Files are never deleted inside a transaction.
        }
    }
}
