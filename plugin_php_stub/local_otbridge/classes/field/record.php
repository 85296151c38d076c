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
 * The id of a thing in a program.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\field;

use local_otbridge\field;
use local_otbridge\kinds;
use local_otbridge\reading;

/**
 * The id of something that must exist.
 */
class record extends field {
    /** @var string one of {@see kinds::TABLES} */
    private $kind;
    /** @var string kind of activity, empty: any */
    private $module;
    /** @var bool[] whether those things are there that were asked for at once, by id */
    private $there = [];

    /**
     * Describe.
     *
     * @param string $kind
     * @param string $module
     */
    public function __construct(string $kind, string $module) {
        $this->kind = $kind;
        $this->module = $module;
    }

    /**
     * The kind of thing.
     *
     * @return string
     */
    public function type(): string {
        return $this->kind;
    }

    /**
     * Ask at once for all that are named.
     *
     * @param array $values
     */
    public function expect(array $values): void {
        $ids = array_filter($values, 'is_int');
        $this->there = count($ids) > 1 && $this->module === '' ? kinds::those_that_exist($this->kind, $ids) : [];
    }

    /**
     * Read a value.
     *
     * @param mixed $value
     * @param string $path
     * @param reading $reading
     * @return int|null
     */
    protected function take($value, string $path, reading $reading) {
        if (!is_int($value)) {
            return $reading->fault($path, 'paramtype', ['type' => $this->kind]);
        }
        $module = $this->module !== '' && $value > 0 ? kinds::module($value) : null; // One look for both.
        if ($this->module !== '' ? $module === null : $value < 1 || !($this->there[$value] ?? kinds::exists($this->kind, $value))) {
            return $reading->fault($path, $this->kind . 'notfound', ['id' => $value]);
        }
        if ($this->module !== '' && $module !== $this->module) {
            return $reading->fault($path, 'wrongmodule', ['id' => $value, 'wanted' => $this->module, 'found' => $module]);
        }
        return $value;
    }
}
