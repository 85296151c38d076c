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
 * What is in a course, counted.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use context_course;

/**
 * Counts activities, questions and files, as evidence of a restore.
 */
class course_contents {
    /**
     * Number of activities by kind.
     *
     * @param int $courseid
     * @return array|\stdClass modname => count; an object where there are none, so that JSON has {} and not []
     */
    public static function activities(int $courseid) {
        global $DB;

        $counts = $DB->get_records_sql_menu(
            'SELECT m.name, COUNT(cm.id)
               FROM {course_modules} cm
               JOIN {modules} m ON m.id = cm.module
              WHERE cm.course = :courseid AND cm.deletioninprogress = 0
           GROUP BY m.name
           ORDER BY m.name',
            ['courseid' => $courseid]
        );
        return $counts ? array_map('intval', $counts) : new \stdClass();
    }

    /**
     * Number of questions in the question banks of the course and its activities, without parts of others and random ones.
     *
     * @param int $courseid
     * @return int
     */
    public static function questions(int $courseid): int {
        global $DB;

        // Since Moodle 4.0 a question has versions, which belong to an entry of the bank.
        $join = $DB->get_manager()->table_exists('question_bank_entries')
            ? 'JOIN {question_bank_entries} e ON e.questioncategoryid = c.id
               JOIN {question_versions} v ON v.questionbankentryid = e.id
               JOIN {question} q ON q.id = v.questionid'
            : 'JOIN {question} q ON q.category = c.id';
        $counted = strpos($join, 'question_bank_entries') ? 'e.id' : 'q.id';
        [$inside, $params] = self::inside($courseid);
        return $DB->count_records_sql(
            "SELECT COUNT(DISTINCT $counted)
               FROM {context} x
               JOIN {question_categories} c ON c.contextid = x.id
               $join
              WHERE $inside AND q.parent = 0 AND q.qtype <> 'random'",
            $params
        );
    }

    /**
     * Number of files in the course's contexts.
     *
     * @param int $courseid
     * @return int
     */
    public static function files(int $courseid): int {
        global $DB;

        [$inside, $params] = self::inside($courseid);
        return $DB->count_records_sql(
            "SELECT COUNT(f.id) FROM {context} x JOIN {files} f ON f.contextid = x.id WHERE $inside AND f.filename <> '.'",
            $params
        );
    }

    /**
     * Number of enrolments.
     *
     * @param int $courseid
     * @return int
     */
    public static function enrolments(int $courseid): int {
        global $DB;
        return $DB->count_records_sql(
            'SELECT COUNT(u.id) FROM {enrol} e JOIN {user_enrolments} u ON u.enrolid = e.id WHERE e.courseid = ?',
            [$courseid]
        );
    }

    /**
     * Number of grades, also of those that are not given yet.
     *
     * @param int $courseid
     * @return int
     */
    public static function grades(int $courseid): int {
        global $DB;
        return $DB->count_records_sql(
            'SELECT COUNT(g.id) FROM {grade_items} i JOIN {grade_grades} g ON g.itemid = i.id WHERE i.courseid = ?',
            [$courseid]
        );
    }

    /**
     * Number of attempts at activities whose backups list attempts as such.
     *
     * @param int $courseid
     * @return int
     */
    public static function attempts(int $courseid): int {
        global $DB;

        $found = 0;
        foreach (['quiz' => 'quiz', 'lesson' => 'lessonid', 'h5pactivity' => 'h5pactivityid'] as $name => $column) {
            $table = $name . '_attempts';
            if ($DB->get_manager()->table_exists($table)) {
                $preview = $name === 'quiz' ? 'AND a.preview = 0' : '';
                $found += $DB->count_records_sql(
                    "SELECT COUNT(a.id) FROM {{$name}} m JOIN {{$table}} a ON a.$column = m.id WHERE m.course = ? $preview",
                    [$courseid]
                );
            }
        }
        return $found;
    }

    /**
     * Condition for contexts in a course.
     *
     * @param int $courseid
     * @return array SQL on {context} x, parameters
     */
    private static function inside(int $courseid): array {
        global $DB;

        $context = context_course::instance($courseid);
        return [
            '(x.id = :contextid OR ' . $DB->sql_like('x.path', ':path') . ')',
            ['contextid' => $context->id, 'path' => $context->path . '/%'],
        ];
    }
}
