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
 * Names that look alike and are not equal.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use core_text;

/**
 * Finds names that differ in what the eye does not see: Latin and Cyrillic letters of the same shape, spaces, case, ё.
 */
class lookalikes {
    /** @var string[] Cyrillic letters, small, by the Latin ones of the same shape */
    const SHAPES = [
        'а' => 'a', 'в' => 'b', 'с' => 'c', 'е' => 'e', 'ё' => 'e', 'н' => 'h', 'к' => 'k', 'м' => 'm', 'о' => 'o', 'р' => 'p',
        'т' => 't', 'х' => 'x', 'у' => 'y', 'і' => 'i', 'ѕ' => 's', 'ј' => 'j', '–' => '-', '—' => '-', '‑' => '-', '«' => '"',
        '»' => '"', '“' => '"', '”' => '"', '0' => 'o', '1' => 'l',
    ];

    /**
     * Search.
     *
     * @param array $criteria what was asked for; numbers have no look-alikes
     * @param string[] $names
     * @param int $limit
     * @return string[]
     */
    public static function find(array $criteria, array $names, int $limit): array {
        $wanted = [];
        foreach (array_filter($criteria, 'is_string') as $name) {
            $wanted[self::shape($name)] = $name;
        }
        $found = [];
        foreach ($names as $name) {
            if ($name !== '' && isset($wanted[self::shape($name)]) && !in_array($name, $wanted, true)) {
                $found[$name] = $name;
            }
        }
        return array_slice(array_values($found), 0, $limit);
    }

    /**
     * What the eye sees of a name.
     *
     * @param string $name
     * @return string
     */
    public static function shape(string $name): string {
        $plain = preg_replace('/[\p{Z}\s\x{200b}-\x{200d}\x{feff}\x{ad}]+/u', ' ', $name);
        return strtr(core_text::strtolower(trim((string) $plain)), self::SHAPES);
    }
}
