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
 * What the plugin does when something happens in Moodle.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use core\event\base;

/**
 * Looks at rules when an account is made or changed, or its owner comes, and forgets what is gone.
 */
class observer {
    /**
     * An account was made or changed, or its owner came.
     *
     * @param base $event
     */
    public static function person_changed(base $event): void {
        rules::look_at((int) ($event->objectid ?: $event->userid));
    }

    /**
     * An account was deleted: what rules did for it is of no use any more.
     *
     * @param base $event
     */
    public static function person_deleted(base $event): void {
        global $DB;
        $DB->delete_records(rules::PEOPLE, ['userid' => $event->objectid]);
    }
}
