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
 * Activity: a folder.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\activity;

use local_otbridge\activity;
use local_otbridge\field;
use stdClass;

/**
 * A folder of files.
 */
class mod_folder extends activity {
    /**
     * The settings.
     *
     * @return field[]
     */
    public function settings(): array {
        return [
            'display' => field::choice(['page', 'inline'])->default('page'),
            'showexpanded' => field::bool()->default(true),
            'showdownloadfolder' => field::bool()->default(true),
            'forcedownload' => field::bool()->default(true),
        ];
    }

    /**
     * Any number of files.
     *
     * @return int[]
     */
    public function files(): array {
        return [0, 100];
    }

    /**
     * What core wants.
     *
     * @param array $settings
     * @param int $draft
     * @param stdClass $course
     * @return array
     */
    public function data(array $settings, int $draft, stdClass $course): array {
        return [
            'files' => $draft, 'display' => $settings['display'] === 'inline' ? 1 : 0,
            'showexpanded' => (int) $settings['showexpanded'], 'showdownloadfolder' => (int) $settings['showdownloadfolder'],
            'forcedownload' => (int) $settings['forcedownload'],
        ];
    }
}
