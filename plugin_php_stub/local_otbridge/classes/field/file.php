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
 * One of the program's files, named by a step.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\field;

use local_otbridge\field;
use local_otbridge\reading;

/**
 * Names a file by its digest: `{"file": "<sha256>"}`.
 */
class file extends field {
    /**
     * Type of results that it takes: none.
     *
     * @return string
     */
    public function type(): string {
        return '';
    }

    /**
     * Read a value.
     *
     * @param mixed $value
     * @param string $path
     * @param reading $reading
     * @return string|null the digest
     */
    protected function take($value, string $path, reading $reading) {
        $members = $value instanceof \stdClass ? get_object_vars($value) : [];
        if (array_keys($members) !== ['file'] || !is_string($members['file'])) {
            return $reading->fault($path, 'paramtype', ['type' => 'file']);
        }
        if (!$reading->has_file($members['file'])) {
            return $reading->fault($path, 'filenotlisted', ['sha256' => $members['file']]);
        }
        return $members['file'];
    }
}
