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
 * Activity: a text on the course page.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\activity;

use local_otbridge\activity;
use stdClass;

/**
 * A text on the course page; it has no settings, and shows its description.
 */
class mod_label extends activity {
    /**
     * The settings: none.
     *
     * @return array
     */
    public function settings(): array {
        return [];
    }

    /**
     * Core takes the name from the text.
     *
     * @return bool
     */
    public function is_nameless(): bool {
        return true;
    }

    /**
     * It stands on the course page.
     *
     * @return bool
     */
    public function has_page(): bool {
        return false;
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
        return ['showdescription' => 1];
    }
}
