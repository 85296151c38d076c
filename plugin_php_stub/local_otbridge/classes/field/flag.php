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
 * True or false in a program.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\field;

use local_otbridge\field;
use local_otbridge\reading;

/**
 * True or false.
 */
class flag extends field {
    /**
     * Type of results that it takes.
     *
     * @return string
     */
    public function type(): string {
        return 'bool';
    }

    /**
     * Read a value.
     *
     * @param mixed $value
     * @param string $path
     * @param reading $reading
     * @return bool|null
     */
    protected function take($value, string $path, reading $reading) {
        return is_bool($value) ? $value : $reading->fault($path, 'paramtype', ['type' => 'bool']);
    }
}
