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
 * Makes caches agree with the database again.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use cache;
use context_helper;
use course_modinfo;

/**
 * Caches are not transactional: what was put there inside a transaction that did not commit stays, and so does what another
 * process read before it committed. Measured on 4.5.6: a module that is in `coursemodinfo` and not in the database makes every page
 * of its course fail, and rebuilding the course's cache does not help, for the ghost's version is newer than the course's.
 */
class healer {
    /**
     * After a commit: what others may have read before it. Modinfo has versions and needs no help here.
     *
     * @param int[] $courseids
     */
    public static function after_commit(array $courseids): void {
        foreach ($courseids as $courseid) {
            cache::make('core', 'groupdata')->delete($courseid);
        }
    }

    /**
     * After a rollback or a kill, and when an operation ends.
     *
     * @param int[] $courseids
     */
    public static function heal(array $courseids): void {
        global $CFG;

        require_once($CFG->libdir . '/modinfolib.php');
        require_once($CFG->dirroot . '/course/lib.php');
        context_helper::reset_caches();
        $modinfo = cache::make('core', 'coursemodinfo');
        $locking = (int) $CFG->branch >= 400; // Older ones ask for no lock, and keep one for ever whose process died.
        $format = class_exists('core_courseformat\base') ? 'core_courseformat\base' : 'format_base';
        foreach (array_unique($courseids) as $courseid) {
            $locked = $locking && $modinfo->acquire_lock($courseid);
            try {
                $modinfo->delete($courseid);
            } finally {
                if ($locked) {
                    $modinfo->release_lock($courseid);
                }
            }
            course_modinfo::clear_instance_cache($courseid);
            $format::reset_course_cache($courseid);
        }
        self::after_commit($courseids);
    }
}
