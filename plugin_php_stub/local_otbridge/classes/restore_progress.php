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
 * Progress of a restore, written into its operation.
 *
 * @package    local_otbridge
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

/**
 * Maps the progress of each phase of a restore into a part of the whole.
 */
final class restore_progress extends \core\progress\base {
    /** @var array step => [from, to] of the whole. */
    private const PARTS = [
        'extracting' => [0.0, 0.2],
        'prechecking' => [0.2, 0.3],
        'restoring' => [0.3, 0.95],
        'finishing' => [0.95, 1.0],
    ];

    /** @var float seconds between two writes. */
    private const INTERVAL = 0.5;

    /** @var \stdClass the operation's row. */
    private $row;
    /** @var string */
    private $step = 'extracting';
    /** @var float when it was written last. */
    private $written = 0.0;

    /**
     * Constructor.
     *
     * @param \stdClass $row the operation's row
     */
    public function __construct(\stdClass $row) {
        $this->row = $row;
    }

    /**
     * A phase begins.
     *
     * @param string $step
     */
    public function enter(string $step): void {
        $this->step = $step;
        $this->write(self::PARTS[$step][0]);
    }

    /**
     * The current phase is so far.
     *
     * @param float $share 0 to 1
     */
    public function advance(float $share): void {
        if (microtime(true) - $this->written >= self::INTERVAL) {
            [$from, $to] = self::PARTS[$this->step];
            $this->write($from + $share * ($to - $from));
        }
    }

    /**
     * Called by core whenever new progress should be shown.
     */
    protected function update_progress() {
        if ($this->is_in_progress_section()) {
            $this->advance($this->get_progress_proportion_range()[0]);
        }
    }

    /**
     * Write the progress.
     *
     * @param float $progress
     */
    private function write(float $progress): void {
        $this->written = microtime(true);
        operations::progress($this->row, $this->step, $progress);
    }
}
