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
 * What is wrong with an archive.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

/**
 * An archive cannot be read, or not be unpacked here; the code is a string of the plugin.
 */
class archive_fault extends \Exception {
    /** @var string */
    public $problem;

    /**
     * Make.
     *
     * @param string $problem
     */
    public function __construct(string $problem) {
        $this->problem = $problem;
        parent::__construct($problem);
    }

    /**
     * In words.
     *
     * @return string
     */
    public function words(): string {
        return language::say($this->problem);
    }
}
