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
 * A step has to wait for something outside of Moodle.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\extraction;

/**
 * Not an error: the task ends, and is queued for a later moment; the step is begun anew then.
 */
class waiting extends \Exception {
    /** @var int when to look again, Unix seconds */
    public $due;
    /** @var float how much of the step is done, 0 to 1 */
    public $part;

    /**
     * Wait.
     *
     * @param string $title what is waited for, in words
     * @param int $due
     * @param float $part
     */
    public function __construct(string $title, int $due, float $part) {
        $this->due = $due;
        $this->part = $part;
        parent::__construct($title);
    }
}
