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
 * Privacy: the operations tell which user's token ordered them.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\privacy;

use context;
use context_system;
use core_privacy\local\metadata\collection;
use core_privacy\local\request\approved_contextlist;
use core_privacy\local\request\approved_userlist;
use core_privacy\local\request\contextlist;
use core_privacy\local\request\transform;
use core_privacy\local\request\userlist;
use core_privacy\local\request\writer;
use local_otbridge\operations;
use local_otbridge\rules;
use local_otbridge\step_rows;

/**
 * Tells, exports and forgets who ordered an operation.
 *
 * The operation itself stays when its user is forgotten: without it a repeated key would do the work a second time.
 */
class provider implements
    \core_privacy\local\metadata\provider,
    \core_privacy\local\request\core_userlist_provider,
    \core_privacy\local\request\plugin\provider {
    /**
     * What is kept.
     *
     * @param collection $collection
     * @return collection
     */
    public static function get_metadata(collection $collection): collection {
        $fields = [];
        foreach (['userid', 'opkey', 'ticket', 'program', 'status', 'result', 'error', 'timecreated', 'timefinished'] as $name) {
            $fields[$name] = 'privacy:metadata:operation:' . $name;
        }
        $collection->add_database_table(operations::TABLE, $fields, 'privacy:metadata:operation');
        $steps = ['params' => 'privacy:metadata:step:params', 'result' => 'privacy:metadata:step:result'];
        $collection->add_database_table(step_rows::TABLE, $steps, 'privacy:metadata:step');
        $ruled = [];
        foreach (['ruleid', 'userid', 'state', 'enrolled', 'timecreated'] as $name) {
            $ruled[$name] = 'privacy:metadata:ruled:' . $name;
        }
        $collection->add_database_table(rules::PEOPLE, $ruled, 'privacy:metadata:ruled');
        return $collection->add_subsystem_link('core_files', [], 'privacy:metadata:files');
    }

    /**
     * Contexts with data of a user.
     *
     * @param int $userid
     * @return contextlist
     */
    public static function get_contexts_for_userid(int $userid): contextlist {
        global $DB;

        $contexts = new contextlist();
        $known = ['userid' => $userid];
        if ($DB->record_exists(operations::TABLE, $known) || $DB->record_exists(rules::PEOPLE, $known)) {
            $contexts->add_system_context();
        }
        return $contexts;
    }

    /**
     * Users with data in a context.
     *
     * @param userlist $userlist
     */
    public static function get_users_in_context(userlist $userlist) {
        if ($userlist->get_context() instanceof context_system) {
            $userlist->add_from_sql('userid', 'SELECT userid FROM {' . operations::TABLE . '} WHERE userid <> 0', []);
            $userlist->add_from_sql('userid', 'SELECT userid FROM {' . rules::PEOPLE . '}', []);
        }
    }

    /**
     * Export what a user ordered.
     *
     * @param approved_contextlist $contextlist
     */
    public static function export_user_data(approved_contextlist $contextlist) {
        global $DB;

        foreach ($contextlist->get_contexts() as $context) {
            if (!$context instanceof context_system) {
                continue;
            }
            $rows = $DB->get_records(operations::TABLE, ['userid' => $contextlist->get_user()->id], 'id');
            $operations = array_map(static function ($row) {
                return (object) [
                    'opkey' => $row->opkey, 'ticket' => $row->ticket, 'program' => $row->program, 'status' => $row->status,
                    'result' => $row->result, 'error' => $row->error,
                    'timecreated' => transform::datetime($row->timecreated),
                    'timefinished' => $row->timefinished ? transform::datetime($row->timefinished) : '',
                ];
            }, array_values($rows));
            $ruled = array_map(static function ($row) {
                return (object) [
                    'rule' => $row->name, 'state' => $row->state, 'enrolled' => transform::yesno($row->enrolled),
                    'timecreated' => transform::datetime($row->timecreated),
                ];
            }, array_values($DB->get_records_sql(
                'SELECT p.*, r.name FROM {' . rules::PEOPLE . '} p JOIN {' . rules::TABLE . '} r ON r.id = p.ruleid
                  WHERE p.userid = ? ORDER BY p.id',
                [$contextlist->get_user()->id]
            )));
            if ($operations || $ruled) {
                $data = (object) ['operations' => $operations, 'rules' => $ruled];
                writer::with_context($context)->export_data([get_string('pluginname', 'local_otbridge')], $data);
            }
        }
    }

    /**
     * Forget all users in a context.
     *
     * @param context $context
     */
    public static function delete_data_for_all_users_in_context(context $context) {
        global $DB;
        if ($context instanceof context_system) {
            $DB->set_field(operations::TABLE, 'userid', 0);
            $DB->delete_records(rules::PEOPLE);
        }
    }

    /**
     * Forget a user.
     *
     * @param approved_contextlist $contextlist
     */
    public static function delete_data_for_user(approved_contextlist $contextlist) {
        foreach ($contextlist->get_contexts() as $context) {
            if ($context instanceof context_system) {
                self::forget([$contextlist->get_user()->id]);
            }
        }
    }

    /**
     * Forget some users.
     *
     * @param approved_userlist $userlist
     */
    public static function delete_data_for_users(approved_userlist $userlist) {
        if ($userlist->get_context() instanceof context_system) {
            self::forget($userlist->get_userids());
        }
    }

    /**
     * Forget who ordered.
     *
     * @param int[] $userids
     */
    private static function forget(array $userids): void {
        global $DB;
        if ($userids) {
            [$in, $params] = $DB->get_in_or_equal($userids);
            $DB->set_field_select(operations::TABLE, 'userid', 0, "userid $in", $params);
            $DB->delete_records_select(rules::PEOPLE, "userid $in", $params);
        }
    }
}
