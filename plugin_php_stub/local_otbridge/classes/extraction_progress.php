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
 * How far the unpacking of a backup is.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->libdir . '/filestorage/file_progress.php');

/**
 * Passes what core's file packers report on to the restore's progress.
 */
class extraction_progress implements \file_progress {
    /** @var restore_progress */
    private $progress;

    /**
     * Pass on.
     *
     * @param restore_progress $progress
     */
    public function __construct(restore_progress $progress) {
        $this->progress = $progress;
    }

    /**
     * Called by the packer.
     *
     * @param int $progress
     * @param int $max
     */
    public function progress($progress = self::INDETERMINATE, $max = self::INDETERMINATE) {
        if ($progress !== self::INDETERMINATE && $max > 0) {
            $this->progress->reach($progress / $max);
        }
    }
}
