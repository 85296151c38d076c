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
 * A reference to a result that is not there yet.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

/**
 * Stands for `$label.field` where an earlier step of the same program has yet to run.
 */
class reference {
    /** @var string label of the earlier step */
    public $label;
    /** @var string field of its result */
    public $field;

    /**
     * Refer.
     *
     * @param string $label
     * @param string $field
     */
    public function __construct(string $label, string $field) {
        $this->label = $label;
        $this->field = $field;
    }

    /**
     * As it is written in the program.
     *
     * @return string
     */
    public function __toString(): string {
        return '$' . $this->label . '.' . $this->field;
    }
}
