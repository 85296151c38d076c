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
 * Enrolling by hand, as steps and rules do it.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->libdir . '/enrollib.php');
require_once($GLOBALS['CFG']->dirroot . '/group/lib.php');

use context_course;
use core_course_category;
use stdClass;

/**
 * Manual enrolments of people, and what of them was made by whom.
 */
class enrolments {
    /**
     * The manual enrolment method of a course.
     *
     * @param int $courseid
     * @return stdClass|null null: there is none that is switched on
     */
    public static function manual(int $courseid): ?stdClass {
        global $DB;

        if (!enrol_is_enabled('manual')) {
            return null;
        }
        $where = ['courseid' => $courseid, 'enrol' => 'manual', 'status' => ENROL_INSTANCE_ENABLED];
        $found = $DB->get_records('enrol', $where, 'sortorder, id', '*', 0, 1);
        return $found ? reset($found) : null;
    }

    /**
     * A person's enrolment by a method.
     *
     * @param int $enrolid
     * @param int $userid
     * @return stdClass|null
     */
    public static function of(int $enrolid, int $userid): ?stdClass {
        global $DB;
        return $DB->get_record('user_enrolments', ['enrolid' => $enrolid, 'userid' => $userid]) ?: null;
    }

    /**
     * Whether a person holds a role in a course by nobody's method: given by hand.
     *
     * @param int $courseid
     * @param int $userid
     * @param int $roleid
     * @return bool
     */
    public static function has_role(int $courseid, int $userid, int $roleid): bool {
        global $DB;

        return $DB->record_exists('role_assignments', [
            'contextid' => context_course::instance($courseid)->id, 'userid' => $userid, 'roleid' => $roleid, 'component' => '',
        ]);
    }

    /**
     * Enrol a person by hand.
     *
     * @param stdClass $instance
     * @param int $userid
     * @param int $roleid
     * @param int $start Unix seconds, 0 = at once
     * @param int $end Unix seconds, 0 = never
     * @return array what is new: `enrolled`, `role` (bool)
     */
    public static function enrol(stdClass $instance, int $userid, int $roleid, int $start = 0, int $end = 0): array {
        $new = [
            'enrolled' => self::of((int) $instance->id, $userid) === null,
            'role' => !self::has_role((int) $instance->courseid, $userid, $roleid),
        ];
        if ($new['enrolled']) {
            enrol_get_plugin('manual')->enrol_user($instance, $userid, $roleid, $start, $end);
        } else if ($new['role']) {
            role_assign($roleid, $userid, context_course::instance($instance->courseid)->id);
        }
        return $new;
    }

    /**
     * Take back what enrolling made; a course or a person that is gone is no fault.
     *
     * @param int $courseid
     * @param int $userid
     * @param int $roleid
     * @param bool $enrolled whether the enrolment was made
     * @param bool $role whether the role was given
     */
    public static function remove(int $courseid, int $userid, int $roleid, bool $enrolled, bool $role): void {
        global $DB;

        $context = context_course::instance($courseid, IGNORE_MISSING);
        if (!$context) {
            return;
        }
        if ($role && $DB->record_exists('role', ['id' => $roleid])) {
            role_unassign($roleid, $userid, $context->id);
        }
        $instances = $enrolled ? $DB->get_records('enrol', ['courseid' => $courseid, 'enrol' => 'manual']) : [];
        foreach ($instances as $instance) {
            enrol_get_plugin('manual')->unenrol_user($instance, $userid);
        }
    }

    /**
     * When a person was in a course last.
     *
     * @param int $courseid
     * @param int $userid
     * @return int Unix seconds, 0 = never
     */
    public static function last_seen(int $courseid, int $userid): int {
        global $DB;
        return (int) $DB->get_field('user_lastaccess', 'timeaccess', ['courseid' => $courseid, 'userid' => $userid]);
    }

    /**
     * Who teaches a course is cached; another process may have read it before the commit.
     *
     * @param string $shortname of the role
     * @param int $courseid
     */
    public static function refresh(string $shortname, int $courseid): void {
        $context = context_course::instance($courseid, IGNORE_MISSING);
        $role = assigning::role($shortname);
        if ($context && $role !== null) {
            core_course_category::role_assignment_changed($role->id, $context);
        }
    }
}
