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
 * An exception that says what is refused, where and why.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use moodle_exception;

/**
 * What the bridge asked for cannot be done. Its errorcode is one of docs/plugin-api.md.
 */
class refusal extends moodle_exception {
    /** @var array facts of the fault, from which the bridge builds its own words */
    public $facts;
    /** @var fault[] all faults where there are several */
    public $faults;

    /**
     * Refuse.
     *
     * @param string $code a string of this plugin with the same name says it in words
     * @param array $facts what the string needs, and the bridge
     * @param fault[] $faults all faults, when this is the first of them
     */
    public function __construct(string $code, array $facts = [], array $faults = []) {
        $this->facts = $facts;
        $this->faults = $faults;
        parent::__construct($code, 'local_otbridge', '', (object) $facts);
        $this->message = language::say($code, (object) $facts);
    }

    /**
     * Refuse for the first of some faults.
     *
     * @param fault[] $faults at least one
     * @return self
     */
    public static function first_of(array $faults): self {
        $first = reset($faults);
        $made = new self($first->code, $first->facts, $faults);
        $made->message = $first->path === '' ? $first->message : $first->path . ': ' . $first->message;
        return $made;
    }
}
