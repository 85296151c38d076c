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
 * A list in a program.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\field;

use local_otbridge\field;
use local_otbridge\reading;

/**
 * A list of values of one type.
 */
class items extends field {
    /** @var field */
    private $of;
    /** @var int */
    private $min;
    /** @var int */
    private $max;

    /**
     * Describe.
     *
     * @param field $of
     * @param int $min
     * @param int $max
     */
    public function __construct(field $of, int $min, int $max) {
        $this->of = $of;
        $this->min = $min;
        $this->max = $max;
    }

    /**
     * Type of results that it takes: a whole list of ids.
     *
     * @return string
     */
    public function type(): string {
        $type = $this->of->type();
        return $type === '' ? '' : $type . '[]';
    }

    /**
     * Read a value.
     *
     * @param mixed $value
     * @param string $path
     * @param reading $reading
     * @return array|null
     */
    protected function take($value, string $path, reading $reading) {
        if (!is_array($value)) {
            return $reading->fault($path, 'paramtype', ['type' => 'list']);
        }
        if (count($value) < $this->min || count($value) > $this->max) {
            return $reading->fault($path, 'paramcount', ['count' => count($value), 'min' => $this->min, 'max' => $this->max]);
        }
        $this->of->expect($value);
        $taken = [];
        foreach ($value as $index => $one) {
            $taken[] = $this->of->read($one, $path . '[' . $index . ']', $reading);
        }
        return $taken;
    }
}
