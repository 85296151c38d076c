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
 * Scheduled task that keeps the index of backup files.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\task;

use core\task\scheduled_task;
use local_otbridge\backup_index;

/**
 * Reads backup files that are new or were changed, and forgets those that are gone.
 */
class read_backups extends scheduled_task {
    /** @var int seconds after which the rest is left to the next run, so that other tasks have their turn */
    const PATIENCE = 600;

    /**
     * Name of the task for the administrator.
     *
     * @return string
     */
    public function get_name() {
        return get_string('taskreadbackups', 'local_otbridge');
    }

    /**
     * Read.
     */
    public function execute() {
        backup_index::forget_gone();
        $deadline = time() + self::PATIENCE;
        $read = 0;
        $pending = backup_index::pending(backup_index::OWN, true);
        foreach ($pending as $file) {
            if (time() > $deadline) {
                break; // A single file is read to its end, however large it is: nobody else would.
            }
            backup_index::read($file);
            $read++;
        }
        if ($pending) {
            mtrace("read $read of " . count($pending) . ' backup files');
        }
    }
}
