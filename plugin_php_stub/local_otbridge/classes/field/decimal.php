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
 * A decimal number in a program.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\field;

use local_otbridge\field;
use local_otbridge\reading;

/**
 * A decimal number, written as a text with a dot: a comma would be read as something else without a word.
 */
class decimal extends field {
    /** @var string */
    private $min;
    /** @var string */
    private $max;
    /** @var int */
    private $places;

    /**
     * Describe.
     *
     * @param string $min
     * @param string $max
     * @param int $places digits after the dot at most
     */
    public function __construct(string $min, string $max, int $places) {
        $this->min = $min;
        $this->max = $max;
        $this->places = $places;
    }

    /**
     * Type of results that it takes.
     *
     * @return string
     */
    public function type(): string {
        return 'text';
    }

    /**
     * Read a value; empty is none, where it may be left out.
     *
     * @param mixed $value
     * @param string $path
     * @param reading $reading
     * @return string|null
     */
    protected function take($value, string $path, reading $reading) {
        if ($value === '' && $this->is_optional()) {
            return '';
        }
        if (!is_string($value) || !preg_match('/^-?\d{1,12}(\.\d{1,' . $this->places . '})?\z/', $value)) {
            return $reading->fault($path, 'paramtype', ['type' => 'decimal']);
        }
        if ((float) $value < (float) $this->min || (float) $value > (float) $this->max) {
            return $reading->fault($path, 'paramrange', ['value' => $value, 'min' => $this->min, 'max' => $this->max]);
        }
        return $value;
    }
}
