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
 * A text in a program.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\field;

use core_text;
use local_otbridge\field;
use local_otbridge\reading;

/**
 * A text with limits of its length, and perhaps a pattern.
 */
class text extends field {
    /** @var int characters */
    protected $max;
    /** @var int characters */
    private $min = 0;
    /** @var bool */
    private $lines;
    /** @var string regular expression, empty: none */
    private $pattern = '';

    /**
     * Describe.
     *
     * @param int $max characters
     * @param bool $lines whether it may have several lines
     */
    public function __construct(int $max, bool $lines) {
        $this->max = $max;
        $this->lines = $lines;
    }

    /**
     * It may not be empty.
     *
     * @return static
     */
    public function filled(): self {
        $this->min = 1;
        return $this;
    }

    /**
     * It must match.
     *
     * @param string $pattern regular expression, with delimiters
     * @return static
     */
    public function pattern(string $pattern): self {
        $this->pattern = $pattern;
        return $this;
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
     * Read a value.
     *
     * @param mixed $value
     * @param string $path
     * @param reading $reading
     * @return string|null
     */
    protected function take($value, string $path, reading $reading) {
        if (!is_string($value)) {
            return $reading->fault($path, 'paramtype', ['type' => 'text']);
        }
        $value = $this->lines ? $value : preg_replace('/^\s+|\s+$/u', '', $value);
        if (preg_match($this->lines ? '/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/' : '/[\x00-\x1f\x7f]/', $value)) {
            return $reading->fault($path, 'paramcontrol');
        }
        $length = core_text::strlen($value);
        if ($length < $this->min || $length > $this->max) {
            return $reading->fault($path, 'paramlength', ['length' => $length, 'min' => $this->min, 'max' => $this->max]);
        }
        if ($this->pattern !== '' && $value !== '' && !preg_match($this->pattern, $value)) {
            return $reading->fault($path, 'parampattern', ['value' => $value, 'pattern' => $this->pattern]);
        }
        return $value;
    }
}
