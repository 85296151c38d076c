<?php
// This file is part of Moodle - https://moodle.org/
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
// along with Moodle.  If not, see <https://www.gnu.org/licenses/>.

/**
 * The classes of web service functions under one name over all versions: core_external from 4.2 on, externallib before.
 *
 * @package    local_otbridge
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

defined('MOODLE_INTERNAL') || die();

if (!class_exists('local_otbridge\local\external_api', false)) {
    $prefix = '\core_external\\';
    if (!class_exists('\core_external\external_api')) {
        global $CFG;
        require_once($CFG->libdir . '/externallib.php');
        $prefix = '\\';
    }
    $names = [
        'external_api',
        'external_function_parameters',
        'external_value',
        'external_single_structure',
        'external_multiple_structure',
    ];
    foreach ($names as $name) {
        class_alias($prefix . $name, 'local_otbridge\local\\' . $name);
    }
}
