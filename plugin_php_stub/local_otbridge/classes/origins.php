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
 * Which course a restored one was.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

/**
 * A course that was restored and lost again is the same course: a search must not take its copies for those
 * of another one.
 */
class origins {
    /** @var string */
    const TABLE = 'local_otbridge_origin';

    /**
     * Note that a course was restored.
     *
     * @param int $courseid the new one
     * @param int $of original id of the course in the backup, of this site
     */
    public static function note(int $courseid, int $of): void {
        global $DB;
        $DB->insert_record(self::TABLE, ['courseid' => $courseid, 'origin' => self::of([$of])[$of]]);
    }

    /**
     * The courses that were lost first.
     *
     * @param int[] $courseids
     * @return int[] by course; itself where it was never restored by the bridge
     */
    public static function of(array $courseids): array {
        global $DB;

        $known = $courseids ? $DB->get_records_list(self::TABLE, 'courseid', $courseids, '', 'courseid, origin') : [];
        $found = [];
        foreach ($courseids as $id) {
            $found[$id] = (int) ($known[$id]->origin ?? $id);
        }
        return $found;
    }

    /**
     * All that one course was.
     *
     * @param int $courseid any of them
     * @return int[] it among them
     */
    public static function family(int $courseid): array {
        global $DB;

        $origin = self::of([$courseid])[$courseid];
        $others = array_map('intval', $DB->get_fieldset_select(self::TABLE, 'courseid', 'origin = ?', [$origin]));
        return array_values(array_unique(array_merge([$courseid, $origin], $others)));
    }

    /**
     * Where a course lives on that was restored.
     *
     * @param int $origin
     * @return int a course, 0: nowhere
     */
    public static function alive(int $origin): int {
        global $DB;

        $family = self::family($origin);
        [$in, $params] = $DB->get_in_or_equal($family);
        return (int) $DB->get_field_select('course', 'MAX(id)', "id $in", $params);
    }
}
