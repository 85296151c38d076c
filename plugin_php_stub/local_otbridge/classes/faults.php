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
 * Faults found so far, and remarks.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

/**
 * Collects, so that all faults of a program are told and not only the first.
 */
class faults {
    /** @var int how many of each kind are kept */
    const LIMIT = 100;

    /** @var fault[] the program would be refused or fail */
    private $faults = [];
    /** @var fault[] it works, and somebody should know */
    private $notes = [];
    /** @var int[] how many faults each part of the program has, as `steps[3]`; also those that are not kept */
    private $parts = [];

    /**
     * A fault.
     *
     * @param fault $fault
     */
    public function add(fault $fault): void {
        $part = explode('.', $fault->path)[0];
        $this->parts[$part] = ($this->parts[$part] ?? 0) + 1;
        if (count($this->faults) < self::LIMIT) {
            $this->faults[] = $fault;
        }
    }

    /**
     * A remark.
     *
     * @param fault $note
     */
    public function note(fault $note): void {
        if (count($this->notes) < self::LIMIT) {
            $this->notes[] = $note;
        }
    }

    /**
     * The faults.
     *
     * @return fault[]
     */
    public function all(): array {
        return $this->faults;
    }

    /**
     * The remarks.
     *
     * @return fault[]
     */
    public function notes(): array {
        return $this->notes;
    }

    /**
     * How many faults a part of the program has.
     *
     * @param string $part as `steps[3]`
     * @return int
     */
    public function in_part(string $part): int {
        return $this->parts[$part] ?? 0;
    }

    /**
     * Refuse if there is any fault.
     *
     * @throws refusal
     */
    public function refuse(): void {
        if ($this->faults) {
            throw refusal::first_of($this->faults);
        }
    }
}
