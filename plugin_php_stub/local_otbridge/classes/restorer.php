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
 * The restore itself: one backup into one new course.
 *
 * @package    local_otbridge
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

defined('MOODLE_INTERNAL') || die();

global $CFG;
require_once($CFG->dirroot . '/backup/util/includes/backup_includes.php');
require_once($CFG->dirroot . '/backup/util/includes/restore_includes.php');

/**
 * Restores a backup. Whatever it has made when it throws is found by the operation's objectid.
 */
final class restorer {
    /** @var int seconds to wait for another restore that is just taking the same short name. */
    private const LOCK_SECONDS = 30;

    /** @var \stdClass the operation's row. */
    private $row;
    /** @var array parameters of local_otbridge_restore_course. */
    private $params;
    /** @var restore_progress */
    private $progress;
    /** @var string[] what the customer should know. */
    private $warnings = [];
    /** @var \restore_controller|null */
    private $controller;

    /**
     * Constructor.
     *
     * @param \stdClass $row the operation's row
     * @param array $params parameters of local_otbridge_restore_course
     */
    public function __construct(\stdClass $row, array $params) {
        $this->row = $row;
        $this->params = $params;
        $this->progress = new restore_progress($row);
    }

    /**
     * Restore.
     *
     * @return array the operation's result
     * @throws restore_failure
     */
    public function run(): array {
        global $CFG;

        $file = backup_store::resolve($this->params['ref'], $this->params['draftitemid'], (int) $this->row->userid);
        if (!$file) {
            throw new restore_failure('backupnotfound');
        }
        $directory = \restore_controller::get_tempdir_name(SITEID, $this->row->userid);
        $path = make_backup_temp_directory($directory);
        $forced = $CFG->forcedifferentsitecheckingusersonrestore ?? null;
        $teacher = $CFG->restorernewroleid ?? null;
        // Core would make the bridge's user a teacher of the course.
        $CFG->restorernewroleid = 0;
        try {
            $this->progress->enter('extracting');
            if (!$file->extract($path, null, new extract_progress($this->progress))) {
                throw new restore_failure('backupinvalid', 'the archive cannot be read');
            }
            $header = backup_header::in_directory($directory);
            if ($header->problem !== '') {
                throw new restore_failure('backupinvalid', $header->problem);
            }
            $courseid = $this->make_course($header);
            $users = $this->params['users'] && $header->users;
            if ($this->params['users'] && !$header->users) {
                $this->warnings[] = get_string('usersleftout', 'local_otbridge');
            }
            $this->progress->enter('prechecking');
            $this->precheck($directory, $courseid, $users);
            $this->progress->enter('restoring');
            $this->controller->execute_plan();
            $this->progress->enter('finishing');
            return $this->result($courseid, $header, $file, $users);
        } finally {
            $CFG->forcedifferentsitecheckingusersonrestore = $forced;
            $CFG->restorernewroleid = $teacher;
            if ($this->controller) {
                $this->controller->destroy();
            }
            remove_dir($path);
        }
    }

    /**
     * Make the empty course under its final names, which takes the short name.
     *
     * @param backup_header $header
     * @return int its id
     */
    private function make_course(backup_header $header): int {
        global $DB;

        $fullname = $this->params['fullname'] !== '' ? $this->params['fullname'] : $header->fullname;
        $shortname = $this->params['shortname'] !== '' ? $this->params['shortname'] : $header->shortname;
        $this->params['fullname'] = $fullname;
        $this->params['shortname'] = $shortname;
        $lock = \core\lock\lock_config::get_lock_factory('local_otbridge')
            ->get_lock('shortname_' . sha1(\core_text::strtolower($shortname)), self::LOCK_SECONDS);
        if (!$lock) {
            throw new restore_failure('restorefailed', 'another restore holds the short name for too long');
        }
        try {
            if ($DB->record_exists('course', ['shortname' => $shortname])) {
                throw new restore_failure('shortnametaken', $shortname);
            }
            $transaction = $DB->start_delegated_transaction();
            try {
                $courseid = (int) \restore_dbops::create_new_course($fullname, $shortname, $this->params['categoryid']);
                operations::made($this->row, $courseid);
                $transaction->allow_commit();
            } catch (\Throwable $problem) {
                operations::roll_back($transaction, $problem);
                throw $problem;
            }
        } finally {
            $lock->release();
        }
        return $courseid;
    }

    /**
     * Prepare the controller until nothing stands against the restore.
     *
     * A backup of this very site with a user of the same name and another id is refused at first; then users are matched as
     * if it came from another site.
     *
     * @param string $directory
     * @param int $courseid
     * @param bool $users
     */
    private function precheck(string $directory, int $courseid, bool $users): void {
        global $CFG;

        $errors = $this->prechecked($directory, $courseid, $users);
        if ($errors && $users && empty($CFG->forcedifferentsitecheckingusersonrestore)) {
            $CFG->forcedifferentsitecheckingusersonrestore = true;
            $errors = $this->prechecked($directory, $courseid, $users);
            if (!$errors) {
                $this->warnings[] = get_string('userrestoreforced', 'local_otbridge');
            }
        }
        if ($errors) {
            throw new restore_failure('precheckfailed', implode('; ', $errors));
        }
        foreach ($this->texts($this->controller->get_precheck_results()['warnings'] ?? []) as $warning) {
            $this->warnings[] = $warning;
        }
    }

    /**
     * Make a controller and run its prechecks.
     *
     * @param string $directory
     * @param int $courseid
     * @param bool $users
     * @return string[] what stands against the restore
     */
    private function prechecked(string $directory, int $courseid, bool $users): array {
        if ($this->controller) {
            $this->controller->destroy();
        }
        $this->controller = new \restore_controller(
            $directory,
            $courseid,
            \backup::INTERACTIVE_NO,
            \backup::MODE_GENERAL,
            $this->row->userid,
            \backup::TARGET_NEW_COURSE,
            $this->progress
        );
        $this->set('users', $users);
        $this->set('course_fullname', $this->params['fullname']);
        $this->set('course_shortname', $this->params['shortname']);
        $this->controller->execute_precheck();
        return $this->texts($this->controller->get_precheck_results()['errors'] ?? []);
    }

    /**
     * Set a setting of the restore, also where the site's defaults lock it.
     *
     * @param string $name
     * @param mixed $value
     */
    private function set(string $name, $value): void {
        $plan = $this->controller->get_plan();
        if (!$plan->setting_exists($name)) {
            return;
        }
        $setting = $plan->get_setting($name);
        if ($setting->get_value() == $value) {
            return;
        }
        if ($setting->get_status() === \base_setting::LOCKED_BY_PERMISSION) {
            throw new restore_failure('restorefailed', "the token's user lacks a capability to set $name, see moodle/restore:configure");
        }
        $setting->set_status(\base_setting::NOT_LOCKED);
        $setting->set_value($value);
    }

    /**
     * Precheck results as plain texts.
     *
     * @param mixed $results
     * @return string[]
     */
    private function texts($results): array {
        $texts = [];
        array_walk_recursive($results, static function ($text) use (&$texts): void {
            $texts[] = trim(html_to_text((string) $text, 0, false));
        });
        return $texts;
    }

    /**
     * What there is now.
     *
     * @param int $courseid
     * @param backup_header $header
     * @param backup_file $file
     * @param bool $users
     * @return array
     */
    private function result(int $courseid, backup_header $header, backup_file $file, bool $users): array {
        global $DB;

        $course = $DB->get_record('course', ['id' => $courseid], '*', MUST_EXIST);
        $activities = $DB->get_records_sql_menu('SELECT m.name, COUNT(cm.id)
              FROM {course_modules} cm
              JOIN {modules} m ON m.id = cm.module
             WHERE cm.course = ? AND cm.deletioninprogress = 0
          GROUP BY m.name', [$courseid]);
        ksort($activities);

        $context = \context_course::instance($courseid);
        $inside = 'JOIN {context} x ON x.id = %s.contextid AND (x.id = ? OR ' . $DB->sql_like('x.path', '?') . ')';
        $where = [$context->id, $context->path . '/%'];
        // From Moodle 4.0 on each question has an entry in a bank, and versions.
        $questions = $DB->get_manager()->table_exists('question_bank_entries')
            ? 'FROM {question_bank_entries} q JOIN {question_categories} c ON c.id = q.questioncategoryid '
            : 'FROM {question} q JOIN {question_categories} c ON c.id = q.category ';
        $top = strpos($questions, 'bank') ? '' : ' WHERE q.parent = 0';
        return [
            'courseid' => $courseid,
            'fullname' => $course->fullname,
            'shortname' => $course->shortname,
            'url' => (new \moodle_url('/course/view.php', ['id' => $courseid]))->out(false),
            'categoryid' => (int) $course->category,
            'backuptime' => $header->timecreated,
            'source' => $file->source,
            'filename' => $file->filename,
            'activities' => (object) array_map('intval', $activities),
            'questions' => $DB->count_records_sql('SELECT COUNT(q.id) ' . $questions . sprintf($inside, 'c') . $top, $where),
            'files' => $DB->count_records_sql('SELECT COUNT(f.id) FROM {files} f ' . sprintf($inside, 'f')
                . " WHERE f.filename <> '.'", $where),
            'users' => $users,
            'warnings' => $this->warnings,
        ];
    }
}
