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
 * Activity: a page.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\activity;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->libdir . '/resourcelib.php');

use local_otbridge\activity;
use local_otbridge\checking;
use local_otbridge\field;
use stdClass;

/**
 * A page. Without a form core keeps its text as it is, so that it must not name files of a draft area.
 */
class mod_page extends activity {
    /**
     * The settings.
     *
     * @return field[]
     */
    public function settings(): array {
        return [
            'contenthtml' => field::html()->filled(),
            'printintro' => field::bool()->default(false),
            'printlastmodified' => field::bool()->default(true),
        ];
    }

    /**
     * Look for faults.
     *
     * @param array $settings
     * @param checking $checking
     */
    public function check(array $settings, checking $checking): void {
        if (is_string($settings['contenthtml']) && strpos($settings['contenthtml'], 'draftfile.php') !== false) {
            $checking->fault('settings.contenthtml', 'draftaddress');
        }
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
            'content' => $settings['contenthtml'], 'contentformat' => FORMAT_HTML, 'display' => RESOURCELIB_DISPLAY_OPEN,
            'printheading' => 1, // Before 4.0.
            'printintro' => (int) $settings['printintro'], 'printlastmodified' => (int) $settings['printlastmodified'],
        ];
    }

    /**
     * Its text.
     *
     * @return string[]
     */
    public function columns(): array {
        return ['contenthtml' => 'content'];
    }
}
