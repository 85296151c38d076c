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
 * One of some words in a program.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\field;

use local_otbridge\field;
use local_otbridge\reading;

/**
 * One of some words.
 */
class choice extends field {
    /** @var string[] */
    private $words;

    /**
     * Describe.
     *
     * @param string[] $words
     */
    public function __construct(array $words) {
        $this->words = $words;
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
        if (!in_array($value, $this->words, true)) {
            return $reading->fault($path, 'paramchoice', ['value' => $value, 'choices' => implode(', ', $this->words)]);
        }
        return $value;
    }
}
