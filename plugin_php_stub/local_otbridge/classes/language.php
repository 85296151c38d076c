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
 * The language of what people read.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

/**
 * A task speaks the language of the user whose it is; what it says is read by somebody else.
 */
class language {
    /**
     * Speak a language from now on. The plugin brings its own strings, so that Moodle's language pack need
     * not be there.
     *
     * @param mixed $lang empty, or none that the plugin speaks: as it is
     * @return string for {@see self::leave()}
     */
    public static function enter($lang): string {
        global $SESSION;

        $before = (string) ($SESSION->forcelang ?? '');
        if (is_string($lang) && preg_match('/^[a-z][a-z_]*$/', $lang) && is_dir(__DIR__ . '/../lang/' . $lang)) {
            $SESSION->forcelang = $lang;
        }
        return $before;
    }

    /**
     * Speak as before.
     *
     * @param string $before
     */
    public static function leave(string $before): void {
        global $SESSION;
        $SESSION->forcelang = $before;
    }

    /**
     * One of the plugin's strings. Moodle itself reads a plugin's own translation only where its language
     * pack is installed.
     *
     * @param string $id
     * @param mixed $facts
     * @return string
     */
    public static function say(string $id, $facts = null): string {
        static $read = [];

        $lang = current_language();
        $path = __DIR__ . "/../lang/$lang/local_otbridge.php";
        if (get_string_manager()->translation_exists($lang, false) || !is_file($path)) {
            return get_string($id, 'local_otbridge', $facts);
        }
        if (!isset($read[$lang])) {
            $string = [];
            include($path);
            $read[$lang] = $string;
        }
        return preg_replace_callback('/\{\$a(?:->(\w+))?\}/', static function (array $found) use ($facts): string {
            return (string) (isset($found[1]) ? ((array) $facts)[$found[1]] ?? '' : $facts);
        }, $read[$lang][$id] ?? get_string($id, 'local_otbridge', $facts));
    }
}
