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
 * How far a restore is, written to the row of its operation.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

/**
 * Progress reporter of core's restore classes; each phase of the work has a part of the whole.
 */
class restore_progress extends \core\progress\base {
    /** @var work */
    private $work;
    /** @var float where this phase begins, 0 to 1 */
    private $from = 0.0;
    /** @var float where this phase ends, 0 to 1 */
    private $to = 0.0;

    /**
     * Report for a step.
     *
     * @param work $work
     */
    public function __construct(work $work) {
        $this->work = $work;
    }

    /**
     * A phase begins.
     *
     * @param float $from
     * @param float $to
     */
    public function enter(float $from, float $to): void {
        $this->from = $from;
        $this->to = $to;
        $this->work->progress($from);
    }

    /**
     * So much of the phase is done.
     *
     * @param float $part 0 to 1
     */
    public function reach(float $part): void {
        $this->work->progress($this->from + ($this->to - $this->from) * max(0.0, min(1.0, $part)));
    }

    /**
     * Called by core's classes when something moved.
     */
    public function update_progress() {
        if ($this->is_in_progress_section()) {
            $this->reach((float) $this->get_progress_proportion_range()[0]);
        }
    }
}
