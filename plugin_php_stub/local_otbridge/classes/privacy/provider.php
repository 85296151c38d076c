<?php
// This file is part of Moodle - https://moodle.org/
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
// along with Moodle.  If not, see <https://www.gnu.org/licenses/>.

/**
 * Privacy: operations name the user whose token ordered them.
 *
 * @package    local_otbridge
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\privacy;

use core_privacy\local\metadata\collection;
use core_privacy\local\request\approved_contextlist;
use core_privacy\local\request\approved_userlist;
use core_privacy\local\request\contextlist;
use core_privacy\local\request\transform;
use core_privacy\local\request\userlist;
use core_privacy\local\request\writer;
use local_otbridge\operations;

/**
 * Exports operations and forgets who ordered them. The rows stay: a key must never be used a second time.
 */
class provider implements
    \core_privacy\local\metadata\provider,
    \core_privacy\local\request\core_userlist_provider,
    \core_privacy\local\request\plugin\provider {
    /**
     * What is stored.
     *
     * @param collection $collection
     * @return collection
     */
    public static function get_metadata(collection $collection): collection {
        $fields = [];
        foreach (['userid', 'action', 'params', 'result', 'timecreated'] as $field) {
            $fields[$field] = "privacy:metadata:operation:$field";
        }
        return $collection->add_database_table(operations::TABLE, $fields, 'privacy:metadata:operation');
    }

    /**
     * Where a user's operations are: in the system context.
     *
     * @param int $userid
     * @return contextlist
     */
    public static function get_contexts_for_userid(int $userid): contextlist {
        global $DB;
        $list = new contextlist();
        if ($DB->record_exists(operations::TABLE, ['userid' => $userid])) {
            $list->add_system_context();
        }
        return $list;
    }

    /**
     * Whose operations are in a context.
     *
     * @param userlist $userlist
     */
    public static function get_users_in_context(userlist $userlist): void {
        if ($userlist->get_context() instanceof \context_system) {
            $userlist->add_from_sql('userid', 'SELECT userid FROM {' . operations::TABLE . '} WHERE userid <> 0', []);
        }
    }

    /**
     * Export a user's operations.
     *
     * @param approved_contextlist $contextlist
     */
    public static function export_user_data(approved_contextlist $contextlist): void {
        global $DB;
        foreach ($contextlist->get_contexts() as $context) {
            if (!$context instanceof \context_system) {
                continue;
            }
            $operations = [];
            foreach ($DB->get_records(operations::TABLE, ['userid' => $contextlist->get_user()->id], 'id') as $row) {
                $operations[] = (object) [
                    'action' => $row->action,
                    'params' => $row->params,
                    'result' => $row->result,
                    'timecreated' => transform::datetime($row->timecreated),
                ];
            }
            writer::with_context($context)->export_data(
                [get_string('privacy:path', 'local_otbridge')],
                (object) ['operations' => $operations]
            );
        }
    }

    /**
     * Forget everybody in a context.
     *
     * @param \context $context
     */
    public static function delete_data_for_all_users_in_context(\context $context): void {
        global $DB;
        if ($context instanceof \context_system) {
            $DB->set_field(operations::TABLE, 'userid', 0);
        }
    }

    /**
     * Forget a user.
     *
     * @param approved_contextlist $contextlist
     */
    public static function delete_data_for_user(approved_contextlist $contextlist): void {
        global $DB;
        foreach ($contextlist->get_contexts() as $context) {
            if ($context instanceof \context_system) {
                $DB->set_field(operations::TABLE, 'userid', 0, ['userid' => $contextlist->get_user()->id]);
            }
        }
    }

    /**
     * Forget several users.
     *
     * @param approved_userlist $userlist
     */
    public static function delete_data_for_users(approved_userlist $userlist): void {
        global $DB;
        if ($userlist->get_context() instanceof \context_system && $userlist->get_userids()) {
            [$in, $params] = $DB->get_in_or_equal($userlist->get_userids());
            $DB->set_field_select(operations::TABLE, 'userid', 0, "userid $in", $params);
        }
    }
}
