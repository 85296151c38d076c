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
 * JSON in one manner.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

/**
 * Reads and writes JSON.
 */
class json {
    /** @var int how everything is written */
    const FLAGS = JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR;

    /**
     * Write for storing and telling; bytes that are no UTF-8 are replaced.
     *
     * @param mixed $value
     * @return string
     */
    public static function encode($value): string {
        return json_encode($value, self::FLAGS | JSON_INVALID_UTF8_SUBSTITUTE);
    }

    /**
     * Write so that equal values give equal texts: keys sorted, no white space.
     *
     * @param mixed $value decoded with objects as objects
     * @return string
     */
    public static function canonical($value): string {
        return json_encode(self::sorted($value), self::FLAGS);
    }

    /**
     * Read as arrays.
     *
     * @param string|null $text
     * @return array
     */
    public static function decode(?string $text): array {
        return $text === null || $text === '' ? [] : json_decode($text, true, 512, JSON_THROW_ON_ERROR);
    }

    /**
     * The value with the keys of every object in order.
     *
     * @param mixed $value
     * @return mixed
     */
    private static function sorted($value) {
        if ($value instanceof \stdClass) {
            $members = get_object_vars($value);
            ksort($members, SORT_STRING);
            return (object) array_map([self::class, 'sorted'], $members);
        }
        return is_array($value) ? array_map([self::class, 'sorted'], $value) : $value;
    }
}
