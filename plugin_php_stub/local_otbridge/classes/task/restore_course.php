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
 * Ad hoc task: restore a course.
 *
 * @package    local_otbridge
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\task;

use local_otbridge\operations;
use local_otbridge\restore_failure;
use local_otbridge\restorer;

/**
 * Carries out an operation restore_course. A task that died is run again: it then removes what it had made and starts once
 * more; when that dies as well, the operation has failed.
 */
class restore_course extends \core\task\adhoc_task {
    /** @var int how often a restore is begun. */
    private const ATTEMPTS = 2;

    /**
     * Name, as administrators see it (Moodle 4.0 and later).
     *
     * @return string
     */
    public function get_name() {
        return get_string('taskrestorecourse', 'local_otbridge');
    }

    /**
     * The core capabilities that a restore needs in the category.
     *
     * @param bool $users whether users come along
     * @return string[]
     */
    public static function capabilities(bool $users): array {
        $needed = ['moodle/restore:restorecourse', 'moodle/course:create'];
        if ($users) {
            $needed[] = 'moodle/restore:userinfo';
        }
        return $needed;
    }

    /**
     * Refuse a short name that a course bears.
     *
     * @param string $shortname
     * @throws \moodle_exception shortnametaken
     */
    public static function refuse_taken_shortname(string $shortname): void {
        global $DB;
        if ($shortname !== '' && $DB->record_exists('course', ['shortname' => $shortname])) {
            throw new \moodle_exception('shortnametaken', 'local_otbridge', '', $shortname);
        }
    }

    /**
     * Queue the task of an operation.
     *
     * @param string $opkey
     * @param int $userid who ordered it
     */
    public static function queue(string $opkey, int $userid): void {
        $task = new self();
        $task->set_component('local_otbridge');
        $task->set_userid($userid);
        $task->set_custom_data(['opkey' => $opkey]);
        \core\task\manager::queue_adhoc_task($task);
    }

    /**
     * Work, unless it is done or somebody does it.
     */
    public function execute() {
        $row = operations::row($this->get_custom_data()->opkey);
        $lock = $row ? operations::lock($row) : null;
        if (!$lock) {
            return;
        }
        try {
            // Read again: the one who had the lock may have finished it.
            $this->work(operations::row($row->opkey));
        } finally {
            $lock->release();
        }
    }

    /**
     * Carry the operation out. Failures are recorded, not thrown: cron would try again for ever.
     *
     * @param \stdClass $row
     */
    private function work(\stdClass $row): void {
        if ($row->status === operations::DONE || $row->status === operations::FAILED) {
            return;
        }
        \core_php_time_limit::raise();
        raise_memory_limit(MEMORY_EXTRA);
        try {
            if ($row->status === operations::RUNNING) {
                mtrace('An earlier run died; what it had made is removed.');
                $this->remove_course($row);
                if ($row->attempts >= self::ATTEMPTS) {
                    throw new restore_failure('interrupted');
                }
            }
            operations::start($row);
            operations::done($row, $this->restore($row));
        } catch (\Throwable $problem) {
            $this->fail($row, $problem);
        }
    }

    /**
     * Restore, with the output of core's progress and faults kept out of the way.
     *
     * @param \stdClass $row
     * @return array the result
     */
    private function restore(\stdClass $row): array {
        $params = json_decode($row->params, true);
        $context = \context_coursecat::instance($params['categoryid'], IGNORE_MISSING);
        if (!$context) {
            throw new restore_failure('restorefailed', get_string('unknowncategory', 'local_otbridge', $params['categoryid']));
        }
        // The capabilities may be gone since the order came.
        $needed = array_fill_keys(self::capabilities($params['users']), $context);
        $needed['local/otbridge:restore'] = \context_system::instance();
        foreach ($needed as $capability => $where) {
            if (!has_capability($capability, $where, $row->userid)) {
                throw new restore_failure('restorefailed', get_string('missingcapability', 'local_otbridge', $capability));
            }
        }
        ob_start();
        try {
            return (new restorer($row, $params))->run();
        } finally {
            ob_end_clean();
        }
    }

    /**
     * Record a failure and remove what the restore had made.
     *
     * @param \stdClass $row
     * @param \Throwable $problem
     */
    private function fail(\stdClass $row, \Throwable $problem): void {
        global $CFG, $DB;

        mtrace(get_class($problem) . ': ' . $problem->getMessage());
        if ($DB->is_transaction_started()) {
            $DB->force_transaction_rollback();
        }
        require_once($CFG->dirroot . '/backup/util/includes/restore_includes.php');
        if ($DB->get_manager()->table_exists('backup_ids_temp')) {
            // The next restore of this process would take them for its own.
            \restore_controller_dbops::drop_restore_temp_tables('');
        }
        $this->remove_course($row);
        if ($problem instanceof restore_failure) {
            operations::failed($row, $problem->errorcode, $problem->getMessage());
        } else {
            operations::failed($row, 'restorefailed', get_string('restorefailed', 'local_otbridge', $problem->getMessage()));
        }
    }

    /**
     * Remove the unfinished course of an operation, past the recycle bin.
     *
     * @param \stdClass $row
     */
    private function remove_course(\stdClass $row): void {
        global $CFG, $DB;

        require_once($CFG->dirroot . '/course/lib.php');
        $course = $row->objectid ? $DB->get_record('course', ['id' => $row->objectid]) : false;
        if ($course) {
            $course->deletesource = 'restore';
            delete_course($course, false);
            fix_course_sortorder();
        }
        operations::made($row, 0);
    }
}
