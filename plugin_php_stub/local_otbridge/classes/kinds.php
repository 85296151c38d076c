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
 * Kinds of things that parameters name by their ids.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use context;
use context_course;
use context_coursecat;
use context_module;
use context_system;

/**
 * Knows of each kind its table, its place, and the course that it is in.
 */
class kinds {
    /** @var string[] table of each kind; `cm` is a course module */
    const TABLES = [
        'course' => 'course', 'category' => 'course_categories', 'cm' => 'course_modules', 'group' => 'groups',
        'grouping' => 'groupings', 'user' => 'user', 'role' => 'role', 'question' => 'question', 'cohort' => 'cohort',
        'scale' => 'scale', 'gradecategory' => 'grade_categories', 'gradeitem' => 'grade_items',
    ];

    /** @var int ids in one question to the database */
    const AT_ONCE = 1000;

    /** @var array course of each activity as it was looked at last: no activity changes its course */
    private static $courses = [];

    /**
     * Whether the thing is there; the front page is no course, and what is being deleted is gone.
     *
     * @param string $kind
     * @param int $id
     * @return bool
     */
    public static function exists(string $kind, int $id): bool {
        return $kind === 'cm' ? self::module($id) !== null : self::those_that_exist($kind, [$id])[$id];
    }

    /**
     * Which of some things are there.
     *
     * @param string $kind
     * @param int[] $ids
     * @return bool[] by id
     */
    public static function those_that_exist(string $kind, array $ids): array {
        global $DB;

        $found = [];
        foreach (array_chunk(array_unique($ids), self::AT_ONCE) as $some) {
            [$in, $params] = $DB->get_in_or_equal($some);
            $alive = ['user' => ' AND deleted = 0', 'cm' => ' AND deletioninprogress = 0', 'course' => ' AND id <> ' . SITEID];
            $there = $DB->get_fieldset_select(self::TABLES[$kind], 'id', "id $in" . ($alive[$kind] ?? ''), $params);
            $found += array_fill_keys($there, true) + array_fill_keys($some, false);
        }
        return $found;
    }

    /**
     * The kind of an activity.
     *
     * @param int $cmid
     * @return string|null null when it is not there, or is being deleted
     */
    public static function module(int $cmid): ?string {
        global $DB;

        $found = $DB->get_record_sql(
            'SELECT c.course, m.name
               FROM {course_modules} c
               JOIN {modules} m ON m.id = c.module
              WHERE c.id = ? AND c.deletioninprogress = 0',
            [$cmid]
        );
        self::$courses[$cmid] = $found ? (int) $found->course : null;
        return $found ? $found->name : null;
    }

    /**
     * The course that a thing is, or is in.
     *
     * @param string $kind
     * @param int $id
     * @return int 0 = none
     */
    public static function course(string $kind, int $id): int {
        global $DB;

        $fields = [
            'cm' => 'course', 'group' => 'courseid', 'grouping' => 'courseid', 'scale' => 'courseid', 'gradecategory' => 'courseid',
            'gradeitem' => 'courseid',
        ];
        if ($kind === 'course') {
            return $id;
        }
        if ($kind === 'cm' && isset(self::$courses[$id])) {
            return self::$courses[$id];
        }
        return isset($fields[$kind]) ? (int) $DB->get_field(self::TABLES[$kind], $fields[$kind], ['id' => $id]) : 0;
    }

    /**
     * The context that capabilities on a thing are asked for in.
     *
     * @param string $kind
     * @param int $id
     * @return context|null null when the thing is gone
     */
    public static function context(string $kind, int $id): ?context {
        global $DB;

        if ($kind === 'category') {
            return context_coursecat::instance($id, IGNORE_MISSING) ?: null;
        }
        if ($kind === 'cm') {
            return context_module::instance($id, IGNORE_MISSING) ?: null;
        }
        if ($kind === 'cohort') {
            $contextid = $DB->get_field('cohort', 'contextid', ['id' => $id]);
            return $contextid ? (context::instance_by_id($contextid, IGNORE_MISSING) ?: null) : null;
        }
        $courseid = self::course($kind, $id);
        if ($courseid) {
            return context_course::instance($courseid, IGNORE_MISSING) ?: null;
        }
        return in_array($kind, ['user', 'role', 'question'], true) ? context_system::instance() : null;
    }
}
