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
 * Activity: a link.
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
 * A link to another site. Core takes any scheme and mends what looks relative, so only whole addresses are taken here.
 */
class mod_url extends activity {
    /** @var int[] how the link opens */
    const DISPLAYS = [
        'auto' => RESOURCELIB_DISPLAY_AUTO, 'embed' => RESOURCELIB_DISPLAY_EMBED, 'open' => RESOURCELIB_DISPLAY_OPEN,
        'new' => RESOURCELIB_DISPLAY_NEW, 'popup' => RESOURCELIB_DISPLAY_POPUP,
    ];

    /**
     * The settings.
     *
     * @return field[]
     */
    public function settings(): array {
        return [
            'externalurl' => field::text(1333)->filled()->pattern('~^https?://[^\s<>"@/?#]+([/?#][^\s<>"]*)?\z~i'),
            'display' => field::choice(array_keys(self::DISPLAYS))->default('auto'),
            'printintro' => field::bool()->default(true),
        ];
    }

    /**
     * Look for faults.
     *
     * @param array $settings
     * @param checking $checking
     */
    public function check(array $settings, checking $checking): void {
        self::displayed('url', self::DISPLAYS, $settings, $checking);
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
            'externalurl' => $settings['externalurl'], 'display' => self::DISPLAYS[$settings['display']],
            'printintro' => (int) $settings['printintro'], 'popupwidth' => self::site('url', 'popupwidth', 620),
            'popupheight' => self::site('url', 'popupheight', 450),
        ];
    }
}
