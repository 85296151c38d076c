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
    /** @var step[]|null by name */
    private static $all = null;

    /**
     * All step kinds.
     *
     * @return step[] by name, in order
     */
    public static function all(): array {
        if (self::$all === null) {
            self::$all = [];
            foreach (glob(__DIR__ . '/step/*.php') as $file) {
                $class = __NAMESPACE__ . '\\step\\' . basename($file, '.php');
                self::$all[$class::name()] = new $class();
            }
            ksort(self::$all, SORT_STRING);
        }
        return self::$all;
    }

    /**
     * A step kind.
     *
     * @param string $name
     * @return step|null
     */
    public static function get(string $name): ?step {
        return self::all()[$name] ?? null;
    }
}
