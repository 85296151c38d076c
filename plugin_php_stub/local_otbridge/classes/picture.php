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
 * Pictures that a program brings.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

/**
 * Judges a file by its name and by its content.
 */
class picture {
    /**
     * Look for a fault.
     *
     * @param string $param
     * @param string $sha256
     * @param string[] $types endings that are taken
     * @param checking $checking
     */
    public static function check(string $param, string $sha256, array $types, checking $checking): void {
        $file = $checking->file($sha256);
        $name = $checking->file_name($sha256);
        $named = in_array(strtolower(pathinfo($name, PATHINFO_EXTENSION)), $types, true);
        // It complains of a content that is too short to be one.
        if (!$named || ($file !== null && !@getimagesizefromstring($file->get_content()))) {
            $checking->fault($param, 'notpicture', ['name' => $name, 'types' => implode(', ', $types)]);
        }
    }
}
