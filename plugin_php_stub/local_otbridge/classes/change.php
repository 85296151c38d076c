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
 * What somebody changed since a step was done.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

/**
 * The reason why a thing is not taken back.
 */
class change {
    /** @var string what was changed, a short word */
    public $what;
    /** @var int when, Unix seconds; 0 = not known */
    public $when;
    /** @var int by whom; 0 = not known */
    public $userid;

    /**
     * Describe.
     *
     * @param string $what
     * @param int $when
     * @param int $userid
     */
    public function __construct(string $what, int $when = 0, int $userid = 0) {
        $this->what = $what;
        $this->when = $when;
        $this->userid = $userid;
    }

    /**
     * As a fault of the operation that wanted to take it back.
     *
     * @param string $path
     * @param string $step name of the step
     * @return fault
     */
    public function fault(string $path, string $step): fault {
        $user = $this->userid ? \core_user::get_user($this->userid) : false;
        return new fault($path, 'changedsince', [
            'step' => $step, 'what' => $this->what, 'when' => $this->when,
            'whentext' => $this->when ? userdate($this->when) : '-', 'userid' => $this->userid,
            'who' => $user ? fullname($user) : '-',
        ]);
    }
}
