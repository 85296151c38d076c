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
 * Step group.create: a new group in a course.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\step;

use local_otbridge\change;
use local_otbridge\changes;
use local_otbridge\named_in_course;
use local_otbridge\rules;
use local_otbridge\work;
use stdClass;

/**
 * Makes a group.
 */
class group_create extends named_in_course {
    /**
     * The kind of thing.
     *
     * @return string
     */
    protected static function kind(): string {
        return 'group';
    }

    /**
     * Store a new one.
     *
     * @param stdClass $row
     * @return int
     */
    protected function store(stdClass $row): int {
        return (int) groups_create_group($row);
    }

    /**
     * Store changes of one.
     *
     * @param stdClass $row
     */
    protected function change(stdClass $row): void {
        groups_update_group($row);
    }

    /**
     * Core writes the time of the last change, also when members come or go. People who came since are somebody's doing, unless a
     * rule brought them.
     *
     * @param array $params
     * @param array $results
     * @param int $since
     * @param work $work
     * @return change|null
     */
    public function changed(array $params, array $results, int $since, work $work): ?change {
        global $DB;

        $group = $DB->get_record('groups', ['id' => $results['id']]);
        if (!$group || $group->timemodified <= $since) {
            return null;
        }
        $came = $DB->record_exists_select(
            'groups_members',
            'groupid = ? AND timeadded > ? AND userid NOT IN (' . rules::IN_GROUP . ')',
            [$group->id, $since, $group->id]
        );
        $ruled = $DB->record_exists(rules::TABLE, ['groupid' => $group->id]) && $group->name === $params['name'];
        $ours = !$came && ($ruled || changes::is_taken_back((int) $group->timemodified));
        return $ours ? null : new change($group->name, (int) $group->timemodified);
    }

    /**
     * Delete the group.
     *
     * @param array $params
     * @param array $results
     * @param work $work
     */
    public function undo(array $params, array $results, work $work): void {
        groups_delete_group($results['id']);
    }
}
