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
 * Step grouping.create: a new grouping in a course.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\step;

use local_otbridge\change;
use local_otbridge\changes;
use local_otbridge\named_in_course;
use local_otbridge\work;
use stdClass;

/**
 * Makes a grouping.
 */
class grouping_create extends named_in_course {
    /**
     * The kind of thing.
     *
     * @return string
     */
    protected static function kind(): string {
        return 'grouping';
    }

    /**
     * Store a new one.
     *
     * @param stdClass $row
     * @return int
     */
    protected function store(stdClass $row): int {
        return (int) groups_create_grouping($row);
    }

    /**
     * Store changes of one.
     *
     * @param stdClass $row
     */
    protected function change(stdClass $row): void {
        groups_update_grouping($row);
    }

    /**
     * Its own change, a group that came since, or an activity or a restriction that uses it.
     *
     * @param array $params
     * @param array $results
     * @param int $since
     * @param work $work
     * @return change|null
     */
    public function changed(array $params, array $results, int $since, work $work): ?change {
        global $DB;

        $grouping = $DB->get_record('groupings', ['id' => $results['id']]);
        if (!$grouping) {
            return null;
        }
        $added = (int) $DB->get_field('groupings_groups', 'MAX(timeadded)', ['groupingid' => $grouping->id]);
        $when = max((int) $grouping->timemodified, $added);
        if ($when > $since && !changes::is_taken_back($when)) {
            return new change($grouping->name, $when);
        }
        return $DB->record_exists('course_modules', ['groupingid' => $grouping->id]) ? new change('course_modules') : null;
    }

    /**
     * Delete the grouping.
     *
     * @param array $params
     * @param array $results
     * @param work $work
     */
    public function undo(array $params, array $results, work $work): void {
        if (groups_get_grouping($results['id'])) {
            groups_delete_grouping($results['id']);
        }
    }
}
