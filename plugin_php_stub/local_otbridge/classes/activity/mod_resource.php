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
 * Activity: a file.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\activity;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->libdir . '/resourcelib.php');

use context_module;
use local_otbridge\activity;
use local_otbridge\checking;
use local_otbridge\field;
use stdClass;

/**
 * A file to read or to download; core stores one without a file, and its page then fails. The first of several is the main one.
 */
class mod_resource extends activity {
    /** @var int[] how the file opens */
    const DISPLAYS = [
        'auto' => RESOURCELIB_DISPLAY_AUTO, 'embed' => RESOURCELIB_DISPLAY_EMBED, 'download' => RESOURCELIB_DISPLAY_DOWNLOAD,
        'open' => RESOURCELIB_DISPLAY_OPEN, 'new' => RESOURCELIB_DISPLAY_NEW, 'popup' => RESOURCELIB_DISPLAY_POPUP,
    ];

    /**
     * The settings.
     *
     * @return field[]
     */
    public function settings(): array {
        return [
            'display' => field::choice(array_keys(self::DISPLAYS))->default('auto'),
            'printintro' => field::bool()->default(true),
            'showsize' => field::bool()->default(false),
            'showtype' => field::bool()->default(true),
            'showdate' => field::bool()->default(false),
        ];
    }

    /**
     * One file at least.
     *
     * @return int[]
     */
    public function files(): array {
        return [1, 100];
    }

    /**
     * Look for faults.
     *
     * @param array $settings
     * @param checking $checking
     */
    public function check(array $settings, checking $checking): void {
        self::displayed('resource', self::DISPLAYS, $settings, $checking);
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
            'files' => $draft, 'display' => self::DISPLAYS[$settings['display']], 'printintro' => (int) $settings['printintro'],
            'showsize' => (int) $settings['showsize'], 'showtype' => (int) $settings['showtype'],
            'showdate' => (int) $settings['showdate'], 'popupwidth' => self::site('resource', 'popupwidth', 620),
            'popupheight' => self::site('resource', 'popupheight', 450), 'filterfiles' => self::site('resource', 'filterfiles', 0),
        ];
    }

    /**
     * Core names the main file only when it is alone; without one the page fails.
     *
     * @param stdClass $made
     */
    public function finish(stdClass $made): void {
        $context = context_module::instance($made->coursemodule);
        $files = get_file_storage()->get_area_files($context->id, 'mod_resource', 'content', 0, 'sortorder DESC, id', false);
        $first = reset($files);
        if ($first && !$first->get_sortorder()) {
            file_set_sortorder($context->id, 'mod_resource', 'content', 0, $first->get_filepath(), $first->get_filename(), 1);
        }
    }
}
