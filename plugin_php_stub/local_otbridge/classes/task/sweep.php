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
 * Scheduled task that looks at the rules.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\task;

use core\task\scheduled_task;
use local_otbridge\rules;

/**
 * Does what the rules say of everybody.
 */
class sweep extends scheduled_task {
    /**
     * Name of the task for the administrator.
     *
     * @return string
     */
    public function get_name() {
        return get_string('tasksweep', 'local_otbridge');
    }

    /**
     * Sweep.
     */
    public function execute() {
        rules::sweep();
    }
}
