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
 * The step kinds of this plugin.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

/**
 * Finds the step kinds by their files.
 */
class steps {
    /** @var step[] by name, as far as they were asked for: without an opcode cache each file costs its compiling */
    private static $made = [];

    /**
     * Names of all step kinds.
     *
     * @return string[] in order
     */
    public static function names(): array {
        static $names = null;
        if ($names === null) {
            $names = array_map(static function (string $file): string {
                return preg_replace('/_/', '.', basename($file, '.php'), 1);
            }, glob(__DIR__ . '/step/*.php'));
            sort($names, SORT_STRING);
        }
        return $names;
    }

    /**
     * All step kinds.
     *
     * @return step[] by name, in order
     */
    public static function all(): array {
        return array_combine(self::names(), array_map([self::class, 'get'], self::names()));
    }

    /**
     * A step kind.
     *
     * @param string $name
     * @return step|null
     */
    public static function get(string $name): ?step {
        if (!isset(self::$made[$name]) && in_array($name, self::names(), true)) {
            $class = __NAMESPACE__ . '\\step\\' . preg_replace('/\./', '_', $name, 1);
            self::$made[$name] = new $class();
        }
        return self::$made[$name] ?? null;
    }
}
