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
 * Moodle event: an operation failed.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\event;

/**
 * A program failed, and what it did was taken back; or the taking back of one failed.
 */
class operation_failed extends operation_ended {
    /**
     * Name.
     *
     * @return string
     */
    public static function get_name() {
        return get_string('eventoperationfailed', 'local_otbridge');
    }

    /**
     * Description, in English as in core.
     *
     * @return string
     */
    public function get_description() {
        return "The {$this->other['kind']} operation '{$this->other['opkey']}' of the ticket '{$this->other['ticket']}' failed: " .
            "'{$this->other['errorcode']}'.";
    }
}
