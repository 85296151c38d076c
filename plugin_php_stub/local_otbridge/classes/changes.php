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
 * What happened in a course since, and deleting it.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->dirroot . '/course/lib.php');

/**
 * For the steps that make courses.
 */
class changes {
    /**
     * The latest trace of teaching or editing in a course since a moment.
     *
     * @param int $courseid
     * @param int $since Unix seconds
     * @return change|null
     */
    public static function in_course(int $courseid, int $since): ?change {
        global $DB;

        $course = $DB->get_record('course', ['id' => $courseid]);
        if (!$course) {
            return null;
        }
        $logged = self::in_log('courseid', $courseid, $since);
        if ($logged !== null) {
            return $logged;
        }
        $enrolled = 'SELECT MAX(u.timemodified) FROM {user_enrolments} u JOIN {enrol} e ON e.id = u.enrolid WHERE e.courseid = ?';
        $traces = [
            'course' => (int) $course->timemodified,
            'course_modules' => (int) $DB->get_field('course_modules', 'MAX(added)', ['course' => $courseid]),
            'user_enrolments' => (int) $DB->get_field_sql($enrolled, [$courseid]),
        ];
        foreach ($traces as $what => $when) {
            if ($when > $since && !self::is_taken_back($when)) {
                return new change($what, $when);
            }
        }
        return null;
    }

    /**
     * The latest change that the log knows of in a context, below a course.
     *
     * @param \context $context
     * @param int $since Unix seconds
     * @return change|null
     */
    public static function in_context(\context $context, int $since): ?change {
        return self::in_log('contextid', $context->id, $since);
    }

    /**
     * A row that says itself when it was changed.
     *
     * @param string $table
     * @param int $id
     * @param string $time name of its field
     * @param int $since Unix seconds
     * @return change|null
     */
    public static function in_row(string $table, int $id, string $time, int $since): ?change {
        global $DB;

        $when = (int) $DB->get_field($table, $time, ['id' => $id]);
        return $when > $since && !self::is_taken_back($when) ? new change($table, $when) : null;
    }

    /**
     * Whether what happened at a moment was the plugin's own doing, and is taken back: by an undoing, or by a program that was
     * taken back later or failed.
     *
     * @param int $when Unix seconds
     * @param int $userid who did it; 0 = not known
     * @return bool
     */
    public static function is_taken_back(int $when, int $userid = 0): bool {
        global $DB;

        return $DB->record_exists_select(
            operations::TABLE,
            "timestarted > 0 AND timestarted <= :began AND timefinished >= :ended AND (userid = :userid OR :unknown = 1)
             AND (kind = 'undo' OR undoneby <> 0 OR status = :failed)",
            ['began' => $when, 'ended' => $when, 'userid' => $userid, 'unknown' => (int) !$userid, 'failed' => operations::FAILED]
        );
    }

    /**
     * The latest entry of making, changing or deleting by a person; the log may be off, and is kept for a while only.
     *
     * @param string $field of the log
     * @param int $value
     * @param int $since Unix seconds
     * @return change|null
     */
    private static function in_log(string $field, int $value, int $since): ?change {
        global $DB;

        $log = $DB->get_recordset_select(
            'logstore_standard_log',
            "$field = :value AND timecreated > :since AND crud IN ('c', 'u', 'd') AND userid > 0",
            ['value' => $value, 'since' => $since],
            'timecreated DESC',
            'id, eventname, timecreated, userid'
        );
        $found = null;
        $asked = [];
        foreach ($log as $entry) {
            $key = $entry->timecreated . ' ' . $entry->userid;
            $asked[$key] = $asked[$key] ?? self::is_taken_back((int) $entry->timecreated, (int) $entry->userid);
            if (!$asked[$key]) {
                $name = substr(strrchr('\\' . $entry->eventname, '\\'), 1);
                $found = new change($name, (int) $entry->timecreated, (int) $entry->userid);
                break;
            }
        }
        $log->close();
        return $found;
    }

    /**
     * Take back the making of a course: delete it. One that is gone is no fault.
     *
     * The recycle bin keeps it, unless a failing program made it. A dead attempt may have put it there already; a course that is
     * half deleted must not go there a second time.
     *
     * @param int $courseid
     * @param work $work
     */
    public static function undo_course(int $courseid, work $work): void {
        global $DB;

        $begun = $work->recall()['deleting'] ?? null;
        if ($begun === null) {
            $work->remember(['deleting' => time()]);
        }
        $course = $DB->get_record('course', ['id' => $courseid]);
        if ($course) {
            self::delete_course($courseid, !$work->is_failing() && ($begun === null || !self::is_kept($course, $begun)));
        }
    }

    /**
     * Delete a course; one that is gone is no fault.
     *
     * @param int $courseid
     * @param bool $keep whether the recycle bin keeps it
     */
    public static function delete_course(int $courseid, bool $keep): void {
        global $DB;

        $course = $DB->get_record('course', ['id' => $courseid]);
        if (!$course) {
            return;
        }
        if (!$keep) {
            $course->deletesource = 'restore'; // The recycle bin leaves out what a failed restore made.
        }
        ob_start();
        try {
            self::empty_bin($courseid);
            delete_course($course, false);
        } finally {
            ob_end_clean();
        }
        fix_course_sortorder();
    }

    /**
     * Empty the recycle bin of a course. Core does so itself only as far as the current user may, and leaves rows of a course that
     * is gone.
     *
     * @param int $courseid
     */
    private static function empty_bin(int $courseid): void {
        if (class_exists('tool_recyclebin\course_bin')) {
            $bin = new \tool_recyclebin\course_bin($courseid);
            foreach ($bin->get_items() as $item) {
                $bin->delete_item($item);
            }
        }
    }

    /**
     * Whether the recycle bin has got a course, with its file.
     *
     * @param \stdClass $course
     * @param int $since Unix seconds
     * @return bool
     */
    private static function is_kept(\stdClass $course, int $since): bool {
        global $DB;

        return $DB->get_manager()->table_exists('tool_recyclebin_category') && $DB->record_exists_sql(
            'SELECT 1
               FROM {tool_recyclebin_category} b
               JOIN {files} f ON f.itemid = b.id AND ' . backup_files::AREAS['recyclebin'] . '
              WHERE b.shortname = :shortname AND b.timecreated >= :since',
            ['shortname' => $course->shortname, 'since' => $since]
        );
    }
}
