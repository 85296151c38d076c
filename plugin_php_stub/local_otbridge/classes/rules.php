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
 * Rules that enrol people by their profiles.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->dirroot . '/cohort/lib.php');

use stdClass;
use Throwable;

/**
 * Who matches a rule is enrolled in its course (by hand, with its role, into its group), or put into its cohort. Who no longer
 * matches is suspended there, or left, as the rule says. Core has no such rule.
 *
 * A row for each person says what the rule did for them. What somebody else did is not the rule's: who was enrolled before stays
 * when they no longer match, and whom somebody unenrolled since is not enrolled again.
 */
class rules {
    /** @var string name of the table */
    const TABLE = 'local_otbridge_rule';
    /** @var string name of the table of people */
    const PEOPLE = 'local_otbridge_ruled';
    /** @var string people whom rules put into a group: SQL with one parameter, the group's id */
    const IN_GROUP = 'SELECT p.userid FROM {local_otbridge_ruled} p JOIN {local_otbridge_rule} r ON r.id = p.ruleid
        WHERE p.grouped = 1 AND r.groupid = ?';
    /** @var string[] columns of an account that a condition may ask for */
    const COLUMNS = ['auth', 'city', 'country', 'department', 'email', 'idnumber', 'institution', 'lang'];
    /** @var string[] how a condition compares; of several values one is enough */
    const OPERATORS = ['is', 'isnot', 'contains'];
    /** @var string[] what becomes of people who no longer match */
    const ON_LEAVE = ['suspend', 'keep'];

    /**
     * A rule.
     *
     * @param int $id
     * @return stdClass|null
     */
    public static function get(int $id): ?stdClass {
        global $DB;
        return $DB->get_record(self::TABLE, ['id' => $id]) ?: null;
    }

    /**
     * Insert a rule.
     *
     * @param array $params parameters of the step rule.create
     * @param int $roleid 0 = none
     * @return stdClass
     */
    public static function insert(array $params, int $roleid): stdClass {
        global $DB, $USER;

        $rule = (object) [
            'name' => $params['name'], 'conditions' => json::encode($params['conditions']), 'courseid' => $params['course'] ?? 0,
            'roleid' => $roleid, 'groupid' => $params['group'] ?? 0, 'cohortid' => $params['cohort'] ?? 0,
            'onleave' => $params['onleave'], 'enabled' => 1, 'usermodified' => $USER->id, 'timecreated' => time(),
            'timemodified' => time(),
        ];
        $rule->id = $DB->insert_record(self::TABLE, $rule);
        return $rule;
    }

    /**
     * Switch a rule on or off. Off, it does nothing; what it did stays.
     *
     * @param int $id
     * @param bool $enabled
     */
    public static function enable(int $id, bool $enabled): void {
        global $DB, $USER;

        $DB->update_record(self::TABLE, (object) [
            'id' => $id, 'enabled' => (int) $enabled, 'usermodified' => $USER->id, 'timemodified' => time(),
        ]);
    }

    /**
     * Who matches.
     *
     * @param array $conditions
     * @param int $userid 0 = all
     * @return int[] ids of accounts
     */
    public static function matching(array $conditions, int $userid = 0): array {
        global $CFG, $DB;

        $params = ['guest' => (int) $CFG->siteguest];
        $columns = $joins = $where = [];
        foreach (array_values($conditions) as $index => $condition) {
            $expression = self::expression($condition['field'], $index, $joins, $params);
            if ($expression === null) {
                return []; // The field is gone: nobody matches.
            }
            $columns[] = "TRIM(COALESCE($expression, '')) AS c$index";
            $where[] = self::compared("x.c$index", $condition, "v$index", $params);
        }
        $one = $userid ? 'AND u.id = :user' : '';
        $sql = 'SELECT x.id FROM (SELECT u.id, ' . implode(', ', $columns) . ' FROM {user} u ' . implode(' ', $joins)
            . " WHERE u.deleted = 0 AND u.confirmed = 1 AND u.suspended = 0 AND u.id <> :guest $one) x"
            . ' WHERE ' . implode(' AND ', $where) . ' ORDER BY x.id';
        return array_map('intval', $DB->get_fieldset_sql($sql, $params + ($userid ? ['user' => $userid] : [])));
    }

    /**
     * Do what a rule says.
     *
     * @param stdClass $rule
     * @param int $userid 0 = to all
     * @param int $most people at most who are enrolled anew; 0 = any number
     * @return int how many were
     */
    public static function apply(stdClass $rule, int $userid = 0, int $most = 0): int {
        global $DB;

        if (!$rule->enabled || !self::has_place($rule)) {
            return 0;
        }
        $where = ['ruleid' => $rule->id] + ($userid ? ['userid' => $userid] : []);
        $rows = [];
        foreach ($DB->get_records(self::PEOPLE, $where) as $row) {
            $rows[(int) $row->userid] = $row;
        }
        $matching = array_flip(self::matching(json::decode($rule->conditions), $userid));
        foreach (array_intersect_key($rows, $matching) as $row) {
            if ($row->state === 'out') {
                self::change($rule, $row, 'in');
            }
        }
        foreach (array_diff_key($rows, $matching) as $row) {
            if ($row->state === 'in' && $rule->onleave === 'suspend') {
                self::change($rule, $row, 'out');
            }
        }
        $new = array_keys(array_diff_key($matching, $rows));
        foreach ($most ? array_slice($new, 0, $most) : $new as $id) {
            self::enter($rule, $id);
        }
        return $most ? min($most, count($new)) : count($new);
    }

    /**
     * An account was made or changed, or its owner came: do what all rules say of it.
     *
     * @param int $userid
     */
    public static function look_at(int $userid): void {
        global $DB;

        foreach ($DB->get_records(self::TABLE, ['enabled' => 1], 'id') as $rule) {
            self::try_to_apply($rule, $userid);
        }
    }

    /**
     * Look at everybody, and forget what is gone: what changed behind Moodle's back tells nobody.
     */
    public static function sweep(): void {
        global $DB;

        $gone = 'ruleid NOT IN (SELECT id FROM {' . self::TABLE . '}) OR userid IN (SELECT id FROM {user} WHERE deleted = 1)';
        $DB->delete_records_select(self::PEOPLE, $gone);
        foreach ($DB->get_records(self::TABLE, null, 'id') as $rule) {
            if (!self::is_there($rule)) {
                self::forget((int) $rule->id);
            } else if ($rule->enabled) {
                mtrace("rule $rule->id $rule->name: " . self::try_to_apply($rule, 0));
            }
        }
    }

    /**
     * The latest person whom a rule enrolled and who was in the course since.
     *
     * @param stdClass $rule
     * @param int $since Unix seconds
     * @return stdClass|null userid, timeaccess
     */
    public static function seen(stdClass $rule, int $since): ?stdClass {
        global $DB;

        $found = $DB->get_records_sql(
            'SELECT l.id, l.userid, l.timeaccess
               FROM {user_lastaccess} l
               JOIN {' . self::PEOPLE . '} p ON p.userid = l.userid
              WHERE p.ruleid = ? AND p.enrolled = 1 AND l.courseid = ? AND l.timeaccess > ?
           ORDER BY l.timeaccess DESC',
            [$rule->id, $rule->courseid, $since],
            0,
            1
        );
        return $found ? reset($found) : null;
    }

    /**
     * Delete a rule, with what it did for people. May be called again.
     *
     * @param int $id
     */
    public static function remove(int $id): void {
        global $DB;

        $rule = self::get($id);
        if ($rule === null) {
            return;
        }
        self::enable($id, false);
        foreach ($DB->get_records(self::PEOPLE, ['ruleid' => $id]) as $row) {
            self::leave_group($rule, $row);
            if ($rule->cohortid) {
                self::leave_cohort($rule, $row);
            } else {
                $roleid = (int) $rule->roleid;
                enrolments::remove((int) $rule->courseid, (int) $row->userid, $roleid, (bool) $row->enrolled, (bool) $row->assigned);
            }
            $DB->delete_records(self::PEOPLE, ['id' => $row->id]);
        }
        self::forget($id);
    }

    /**
     * Forget a rule; what it did stays.
     *
     * @param int $id
     */
    public static function forget(int $id): void {
        global $DB;

        $DB->delete_records(self::PEOPLE, ['ruleid' => $id]);
        $DB->delete_records(self::TABLE, ['id' => $id]);
    }

    /**
     * Apply a rule; what goes wrong with it stops no other, and nobody's login.
     *
     * @param stdClass $rule
     * @param int $userid 0 = all
     * @return string for the log of the task
     */
    private static function try_to_apply(stdClass $rule, int $userid): string {
        global $DB;

        try {
            return (string) self::apply($rule, $userid);
        } catch (Throwable $error) {
            if ($DB->is_transaction_started()) {
                $DB->force_transaction_rollback();
            }
            debugging("local_otbridge: rule $rule->id: " . $error->getMessage(), DEBUG_NORMAL);
            return $error->getMessage();
        }
    }

    /**
     * Whether the course or the cohort is there.
     *
     * @param stdClass $rule
     * @return bool
     */
    private static function is_there(stdClass $rule): bool {
        return $rule->cohortid ? kinds::exists('cohort', (int) $rule->cohortid)
            : kinds::exists('course', (int) $rule->courseid) && kinds::exists('role', (int) $rule->roleid);
    }

    /**
     * Whether people can be enrolled there now.
     *
     * @param stdClass $rule
     * @return bool
     */
    private static function has_place(stdClass $rule): bool {
        return self::is_there($rule) && ($rule->cohortid || enrolments::manual((int) $rule->courseid) !== null);
    }

    /**
     * Somebody matches for the first time.
     *
     * @param stdClass $rule
     * @param int $userid
     */
    private static function enter(stdClass $rule, int $userid): void {
        global $DB;

        $transaction = $DB->start_delegated_transaction();
        // The row comes first: it is unique, so that of two processes one goes on.
        $row = (object) [
            'ruleid' => $rule->id, 'userid' => $userid, 'state' => 'in', 'enrolled' => 0, 'assigned' => 0, 'grouped' => 0,
            'timecreated' => time(), 'timemodified' => time(),
        ];
        $row->id = $DB->insert_record(self::PEOPLE, $row);
        if ($rule->cohortid) {
            $row->enrolled = (int) !cohort_is_member($rule->cohortid, $userid);
            cohort_add_member($rule->cohortid, $userid);
        } else {
            $instance = enrolments::manual((int) $rule->courseid);
            if (enrolments::of((int) $instance->id, $userid) === null) {
                $new = enrolments::enrol($instance, $userid, (int) $rule->roleid);
                [$row->enrolled, $row->assigned] = [(int) $new['enrolled'], (int) $new['role']];
            }
            $row->grouped = (int) self::join_group($rule, $userid);
        }
        $DB->update_record(self::PEOPLE, $row);
        $transaction->allow_commit();
    }

    /**
     * Somebody who no longer matched does again, or the reverse; only what the rule made is touched.
     *
     * @param stdClass $rule
     * @param stdClass $row
     * @param string $state in, out
     */
    private static function change(stdClass $rule, stdClass $row, string $state): void {
        global $DB;

        $transaction = $DB->start_delegated_transaction();
        $in = $state === 'in';
        if ($rule->cohortid) {
            if ($in) {
                $row->enrolled = (int) !cohort_is_member($rule->cohortid, $row->userid);
                cohort_add_member($rule->cohortid, $row->userid);
            } else {
                self::leave_cohort($rule, $row);
            }
        } else {
            $instance = enrolments::manual((int) $rule->courseid);
            $enrolment = enrolments::of((int) $instance->id, (int) $row->userid);
            [$from, $to] = $in ? [ENROL_USER_SUSPENDED, ENROL_USER_ACTIVE] : [ENROL_USER_ACTIVE, ENROL_USER_SUSPENDED];
            if ($row->enrolled && $enrolment !== null && (int) $enrolment->status === $from) {
                enrol_get_plugin('manual')->update_user_enrol($instance, $row->userid, $to);
            }
            if ($in) {
                $row->grouped = (int) self::join_group($rule, (int) $row->userid);
            } else {
                self::leave_group($rule, $row);
            }
        }
        $row->state = $state;
        $row->timemodified = time();
        $DB->update_record(self::PEOPLE, $row);
        $transaction->allow_commit();
    }

    /**
     * Put somebody into the rule's group.
     *
     * @param stdClass $rule
     * @param int $userid
     * @return bool whether they were not in it, and are now
     */
    private static function join_group(stdClass $rule, int $userid): bool {
        if (!$rule->groupid || !kinds::exists('group', (int) $rule->groupid) || groups_is_member($rule->groupid, $userid)) {
            return false;
        }
        return groups_add_member($rule->groupid, $userid);
    }

    /**
     * Take somebody out of the rule's group, if the rule put them there.
     *
     * @param stdClass $rule
     * @param stdClass $row changed, too
     */
    private static function leave_group(stdClass $rule, stdClass $row): void {
        if ($row->grouped && kinds::exists('group', (int) $rule->groupid)) {
            groups_remove_member($rule->groupid, $row->userid);
        }
        $row->grouped = 0;
    }

    /**
     * Take somebody out of the rule's cohort, if the rule put them there.
     *
     * @param stdClass $rule
     * @param stdClass $row
     */
    private static function leave_cohort(stdClass $rule, stdClass $row): void {
        $there = kinds::exists('cohort', (int) $rule->cohortid) && cohort_is_member($rule->cohortid, $row->userid);
        if ($row->enrolled && $there) {
            cohort_remove_member($rule->cohortid, $row->userid);
        }
    }

    /**
     * What a condition asks for, in SQL; who filled nothing in has the field's default.
     *
     * @param string $name
     * @param int $index of the condition
     * @param string[] $joins taken by the expression
     * @param array $params taken by the expression
     * @return string|null null: there is no such field
     */
    private static function expression(string $name, int $index, array &$joins, array &$params): ?string {
        global $DB;

        if (in_array($name, self::COLUMNS, true)) {
            return "u.$name";
        }
        $fields = profile::fields($name);
        if (count($fields) !== 1) {
            return null;
        }
        $joins[] = "LEFT JOIN {user_info_data} d$index ON d$index.userid = u.id AND d$index.fieldid = :f$index";
        $params["f$index"] = (int) $fields[0]->id;
        $params["d$index"] = (string) $fields[0]->defaultdata;
        return 'COALESCE(' . $DB->sql_compare_text("d$index.data", 255) . ", :d$index)";
    }

    /**
     * A comparison in SQL: without regard to case and to spaces at the ends, with regard to accents.
     *
     * @param string $expression
     * @param array $condition
     * @param string $param
     * @param array $params taken by the comparison
     * @return string
     */
    private static function compared(string $expression, array $condition, string $param, array &$params): string {
        global $DB;

        $profile = strpos($condition['field'], profile::PREFIX) === 0 ? profile::fields($condition['field'])[0] : null;
        $any = [];
        foreach (array_values($condition['values']) as $index => $value) {
            $name = $param . 'n' . $index;
            if ($condition['op'] === 'contains') {
                $params[$name] = '%' . $DB->sql_like_escape($value) . '%';
                $any[] = $DB->sql_like($expression, ":$name", false, true);
            } else {
                $params[$name] = $profile === null ? $value : (string) profile::value($profile, $value);
                $any[] = $DB->sql_equal($expression, ":$name", false, true);
            }
        }
        return ($condition['op'] === 'isnot' ? 'NOT ' : '') . '(' . implode(' OR ', $any) . ')';
    }
}
