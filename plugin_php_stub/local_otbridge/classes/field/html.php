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
 * HTML in a program.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\field;

use local_otbridge\reading;

/**
 * HTML, cleaned as what a user without trust writes: orders come from outside.
 */
class html extends text {
    /** @var int how many texts are remembered */
    const REMEMBERED = 2000;

    /** @var string[] cleaned texts, by what they were */
    private static $cleaned = [];

    /**
     * Describe.
     *
     * @param int $max characters
     */
    public function __construct(int $max) {
        parent::__construct($max, true);
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
        $taken = parent::take($value, $path, $reading);
        return $taken === null || $taken === '' ? $taken : self::clean($taken);
    }

    /**
     * Clean a text, or remember how it was cleaned when the program was checked.
     *
     * @param string $text
     * @return string
     */
    private static function clean(string $text): string {
        $key = sha1($text);
        if (!isset(self::$cleaned[$key])) {
            self::$cleaned = count(self::$cleaned) < self::REMEMBERED ? self::$cleaned : [];
            self::$cleaned[$key] = clean_text($text, FORMAT_HTML);
        }
        return self::$cleaned[$key];
    }
}
