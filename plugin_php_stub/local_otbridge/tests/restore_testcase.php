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
 * What tests of finding and restoring backups have in common.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use local_otbridge\external\find_backups;
use local_otbridge\external\run;
use local_otbridge\task\work_on;

/**
 * Makes courses, deletes them, and orders their restore.
 */
abstract class restore_testcase extends \advanced_testcase {
    /** @var int the next key */
    protected $number = 0;

    /**
     * Every test makes courses.
     */
    protected function setUp(): void {
        parent::setUp();
        $this->resetAfterTest();
        $this->preventResetByRollback();
        $this->setAdminUser();
        set_config('categorybinenable', 1, 'tool_recyclebin');
        set_config('backup_auto_destination', '', 'backup');
    }

    /**
     * A course with a forum, two pages, a file, and a student; deleted.
     *
     * @param array $names
     * @return \stdClass
     */
    protected function deleted_course(array $names = []): \stdClass {
        $generator = $this->getDataGenerator();
        $course = $generator->create_course($names + [
            'fullname' => 'Химия & "опыты"', 'shortname' => 'chem', 'idnumber' => 'N1', 'startdate' => 1600000000,
        ]);
        $generator->create_module('forum', ['course' => $course->id]);
        $generator->create_module('page', ['course' => $course->id]);
        $generator->create_module('page', ['course' => $course->id]);
        $generator->create_and_enrol($course, 'student', ['username' => 'learner' . $course->id]);
        delete_course($course, false);
        return $course;
    }

    /**
     * Order a restore.
     *
     * @param array $order parameters of the step
     * @param array $files of the program
     * @param int $draftitemid
     * @return string its key
     */
    protected function order(array $order, array $files = [], int $draftitemid = 0): string {
        global $DB;
        $key = sprintf('00000000-0000-4000-8000-%012d', ++$this->number);
        $step = $order + [
            'step' => 'course.restore', 'as' => 'course',
            'category' => (int) $DB->get_field_select('course_categories', 'MIN(id)', '1 = 1'),
        ];
        $told = run::execute($key, json_encode(['version' => 1, 'files' => $files, 'steps' => [$step]]), $draftitemid);
        $this->assertSame('queued', $told['status']);
        return $key;
    }

    /**
     * Do the work of an operation, as cron does.
     *
     * @param string $key
     * @return \stdClass its row, with the result decoded to that of the step
     */
    protected function work(string $key): \stdClass {
        global $USER;
        $user = clone $USER;
        $task = new work_on();
        $task->set_custom_data(['operationid' => operations::find($key)->id]);
        $task->execute();
        $this->setUser($user);
        $row = operations::find($key);
        $row->result = json_decode((string) $row->result)->course ?? null;
        return $row;
    }

    /**
     * Search.
     *
     * @param array $criteria
     * @return array
     */
    protected function find(array $criteria): array {
        $criteria += ['courseid' => 0, 'idnumber' => '', 'shortname' => '', 'fullname' => '', 'private' => false];
        $found = find_backups::execute(
            $criteria['courseid'],
            $criteria['idnumber'],
            $criteria['shortname'],
            $criteria['fullname'],
            50,
            $criteria['private']
        );
        return \core_external\external_api::clean_returnvalue(find_backups::execute_returns(), $found);
    }

    /**
     * The backup in the recycle bin, copied to another file area.
     *
     * @param array $where
     * @param int $categoryid
     * @return \stored_file
     */
    protected function copy_of_bin(array $where, int $categoryid = 1): \stored_file {
        $context = \context_coursecat::instance($categoryid);
        $bin = get_file_storage()->get_area_files($context->id, 'tool_recyclebin', 'recyclebin_coursecat', false, 'id', false);
        $where += ['contextid' => $context->id, 'filepath' => '/', 'filename' => 'mine.mbz'];
        return get_file_storage()->create_file_from_storedfile($where, reset($bin));
    }

    /**
     * The error code with which an order is refused.
     *
     * @param array $order
     * @return string
     */
    protected function refusal(array $order): string {
        try {
            $this->order($order);
        } catch (\moodle_exception $error) {
            return $error->errorcode;
        }
        return 'not refused';
    }
}
