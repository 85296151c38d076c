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
 * Restoring a course from a backup file into a new course.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->dirroot . '/backup/util/includes/restore_includes.php');
require_once($GLOBALS['CFG']->dirroot . '/course/lib.php');

use backup;
use backup_general_helper;
use core\lock\lock_config;
use core_text;
use moodle_exception;
use restore_controller;
use restore_controller_dbops;
use restore_dbops;
use stdClass;

/**
 * Does the work of the step course.restore, as the user who ordered it.
 *
 * The new course is noted in the step's row in the same transaction that makes it, so that an attempt that
 * died leaves nothing that could not be found and removed.
 */
class course_restorer {
    /** @var string[] core's admin settings for what a restore takes from a backup: all that is in it */
    const EVERYTHING = [
        'enrolments', 'role_assignments', 'permissions', 'activities', 'blocks', 'filters', 'comments', 'badges', 'calendarevents',
        'userscompletion', 'logs', 'histories', 'questionbank', 'groups', 'competencies', 'customfield', 'contentbankcontent',
        'xapistate', 'legacyfiles',
    ];

    /** @var string[] what makes no sense without people */
    const OF_PEOPLE = ['role_assignments', 'comments', 'userscompletion', 'logs', 'histories', 'xapistate'];
    /** @var int warnings that are told at most */
    const MOST_WARNINGS = 50;
    /** @var int bytes of the disk that are left free */
    const SPARE = 268435456;

    /** @var work */
    private $work;
    /** @var array parameters of the step course.restore */
    private $order;
    /** @var restore_progress */
    private $progress;
    /** @var restore_controller|null */
    private $controller = null;
    /** @var int the new course */
    private $courseid = 0;
    /** @var string[] what the customer should know */
    private $warnings = [];

    /**
     * Prepare.
     *
     * @param array $params of the step course.restore
     * @param work $work
     */
    public function __construct(array $params, work $work) {
        $this->work = $work;
        $this->order = $params;
        $this->progress = new restore_progress($work);
    }

    /**
     * Restore.
     *
     * @param backup_file[] $files to choose from; none: those that the order names by their refs
     * @return array the step's results
     * @throws refusal `backupinvalid`, `othersite`, `shortnametaken`, `precheckfailed`, or core's own
     */
    public function run(array $files): array {
        global $CFG;

        $saved = [
            $CFG->forced_plugin_settings, $CFG->restorernewroleid ?? null, $CFG->forcedifferentsitecheckingusersonrestore ?? null,
        ];
        $language = language::enter($this->order['lang']);
        ob_start();
        try {
            $this->configure();
            [$file, $about] = $this->choose($files ?: array_merge([$this->order['ref']], $this->order['older']));
            $header = backup_header::of($file);
            $this->weigh($header);
            $this->warn_of_size_limit();
            $this->settle_people($header);
            $names = $this->make_shell($about, $header);
            $this->precheck($names);
            $this->progress->enter(0.2, 0.97);
            $users = (bool) $this->controller->get_plan()->get_setting('users')->get_value();
            $this->controller->execute_plan();
            $this->note_results($this->controller->get_results());
            $this->progress->enter(0.97, 1.0);
            return $this->finish($file, $header, $names, $users);
        } finally {
            ob_end_clean();
            $this->close_controller();
            language::leave($language);
            [$CFG->forced_plugin_settings, $CFG->restorernewroleid, $CFG->forcedifferentsitecheckingusersonrestore] = $saved;
        }
    }

    /**
     * Remove what an attempt left behind: its course (not into the recycle bin) and its unpacked files.
     *
     * @param work $work
     */
    public static function clean_up(work $work): void {
        global $DB;

        $tables = $DB->get_manager();
        if ($tables->table_exists('backup_ids_temp') || $tables->table_exists('backup_files_temp')) {
            restore_controller_dbops::drop_restore_temp_tables('');
        }
        $folder = make_backup_temp_directory('', false) . '/' . self::folder($work);
        if (is_dir($folder)) {
            fulldelete($folder);
        }
        if (!empty($work->recall()['standins'])) {
            $DB->delete_records_list('user', 'id', $work->recall()['standins']);
        }
        $courseid = (int) ($work->recall()['course'] ?? 0);
        if ($courseid) {
            $DB->delete_records('backup_controllers', ['operation' => 'restore', 'itemid' => $courseid]);
            $DB->delete_records(origins::TABLE, ['courseid' => $courseid]);
            changes::delete_course($courseid, false);
        }
    }

    /**
     * Name of the folder, inside Moodle's backup folder, that this step unpacks into.
     *
     * @param work $work
     * @return string
     */
    private static function folder(work $work): string {
        return 'otbridge_' . $work->tag();
    }

    /**
     * Let core take all that is in the backup, whatever the defaults of this site are, and leave the
     * restoring user out of it.
     */
    private function configure(): void {
        global $CFG;

        foreach (array_merge(['users'], self::EVERYTHING) as $name) {
            $value = $name === 'users' ? (int) $this->order['users'] : 1;
            $CFG->forced_plugin_settings['restore']['restore_general_' . $name] = $value;
            $CFG->forced_plugin_settings['restore']['restore_general_' . $name . '_locked'] = 0;
        }
        if (!$this->order['users']) {
            // Core writes completion for nobody otherwise, and fails on the second viewer of a page.
            foreach (self::OF_PEOPLE as $name) {
                $CFG->forced_plugin_settings['restore']['restore_general_' . $name] = 0;
            }
        }
        $CFG->forced_plugin_settings['restore']['restore_general_enrolments'] = backup::ENROL_ALWAYS;
        $CFG->restorernewroleid = 0;
    }

    /**
     * Unpack the first backup that is whole; a damaged one is told, and the next older one taken.
     *
     * @param array $files backup files, or their refs
     * @return array the file, and what it says of itself
     * @throws refusal what is wrong with the first one, where none is whole
     */
    private function choose(array $files): array {
        $first = null;
        foreach ($files as $file) {
            $name = '';
            try {
                $file = is_string($file) ? backup_files::resolve($file) : $file;
                $name = $file->filename;
                return [$file, $this->extract($file)];
            } catch (refusal $refusal) {
                if (!in_array($refusal->errorcode, ['backupinvalid', 'backupnotfound'], true)) {
                    throw $refusal;
                }
                $first = $first ?? $refusal;
                $facts = (object) ['name' => $name, 'reason' => $refusal->facts['reason'] ?? ''];
                $this->warnings[] = language::say($name === '' ? 'copygone' : 'copydamaged', $facts);
                fulldelete(make_backup_temp_directory(self::folder($this->work)));
            }
        }
        throw $first;
    }

    /**
     * Unpack a backup.
     *
     * @param backup_file $file
     * @return stdClass what the backup says of itself
     */
    private function extract(backup_file $file): stdClass {
        $this->progress->enter(0.0, 0.1);
        $header = backup_header::of($file);
        if (isset($header['problem'])) {
            throw new refusal('backupinvalid', ['reason' => language::say($header['problem'])]);
        }
        if (!$header['samesite'] && !$this->order['othersite']) {
            throw new refusal('othersite', ['site' => $header['siteurl']]);
        }
        $name = self::folder($this->work);
        try {
            $this->unpack($file, make_backup_temp_directory($name), (int) $header['unpacked']);
            $about = backup_general_helper::get_backup_information($name);
            $format = backup_general_helper::detect_backup_format($name);
        } catch (archive_fault $fault) {
            throw new refusal('backupinvalid', ['reason' => $fault->words()]);
        } catch (moodle_exception $error) {
            throw new refusal('backupinvalid', ['reason' => self::plain($error->getMessage())]);
        }
        if ($format !== backup::FORMAT_MOODLE || $about->type !== backup::TYPE_1COURSE) {
            throw new refusal('backupinvalid', ['reason' => language::say('notcourse')]);
        }
        return $about;
    }

    /**
     * Unpack an archive, and check every byte of it on the way.
     *
     * @param backup_file $file
     * @param string $folder
     * @param int $expected bytes
     * @throws archive_fault it is damaged, there is no room, or it unpacks to more than the site allows
     */
    private function unpack(backup_file $file, string $folder, int $expected): void {
        $most = policy::unpacked($file->size);
        $free = @disk_free_space($folder);
        if ($expected > $most) {
            throw new archive_fault('unpackstoomuch');
        }
        if ($free !== false && $expected + self::SPARE > $free) {
            throw new archive_fault('nodisk');
        }
        $archive = archive::open($file);
        $archive->tick = function (int $unpacked) use ($most, $expected) {
            if ($unpacked > $most) {
                throw new archive_fault('unpackstoomuch');
            }
            $this->progress->reach($unpacked / max(1, $expected));
        };
        try {
            $archive->unpack($folder);
        } finally {
            $archive->close();
        }
    }

    /**
     * Make the hidden, empty course that is restored into; from now on its names are taken.
     *
     * @param stdClass $about
     * @param array $header
     * @return string[] full name, short name
     */
    private function make_shell(stdClass $about, array $header): array {
        global $DB;

        $names = [
            core_text::substr($this->order['fullname'] !== '' ? $this->order['fullname'] : $about->original_course_fullname, 0, 254),
            core_text::substr($this->order['shortname'] !== '' ? $this->order['shortname'] : $about->original_course_shortname, 0, 255),
        ];
        $lock = lock_config::get_lock_factory('local_otbridge')->get_lock('coursenames', 60);
        if (!$lock) {
            throw new refusal('locktimeout', ['lock' => 'coursenames']);
        }
        try {
            self::refuse_taken($names[1]);
            $transaction = $DB->start_delegated_transaction();
            $courseid = restore_dbops::create_new_course($names[0], $names[1], $this->order['category']);
            $this->courseid = (int) $courseid;
            $this->work->remember(['course' => $this->courseid]);
            if ($header['samesite']) {
                origins::note($this->courseid, $header['courseid']);
            }
            $transaction->allow_commit();
        } finally {
            $lock->release();
        }
        return $names;
    }

    /**
     * Let core check whether the backup can be restored. What it says of roles is known already, and said
     * better.
     *
     * @param string[] $names
     * @throws refusal `precheckfailed`
     */
    private function precheck(array $names): void {
        $this->progress->enter(0.1, 0.2);
        $told = $this->open_controller($names);
        if (!empty($told['errors'])) {
            throw new refusal('precheckfailed', ['reason' => self::plain($told['errors'])]);
        }
        $roles = array_map(static function ($role): string {
            return get_string('cannotfindassignablerole', 'backup', $role->name);
        }, (array) ($this->controller->get_info()->role_mappings->mappings ?? []));
        $others = array_diff((array) ($told['warnings'] ?? []), $roles);
        $this->warnings = array_merge($this->warnings, array_map([self::class, 'plain'], array_values($others)));
    }

    /**
     * Make core's controller and run its checks.
     *
     * @param string[] $names
     * @return array errors and warnings
     */
    private function open_controller(array $names): array {
        $this->controller = new restore_controller(
            self::folder($this->work),
            $this->courseid,
            backup::INTERACTIVE_NO,
            backup::MODE_GENERAL,
            $this->work->userid(),
            backup::TARGET_NEW_COURSE,
            $this->progress
        );
        $plan = $this->controller->get_plan();
        foreach (['course_fullname' => $names[0], 'course_shortname' => $names[1]] as $setting => $value) {
            if ($plan->setting_exists($setting) && $plan->get_setting($setting)->get_status() === \base_setting::NOT_LOCKED) {
                $plan->get_setting($setting)->set_value($value);
            }
        }
        $this->controller->execute_precheck();
        return (array) $this->controller->get_precheck_results();
    }

    /**
     * Let go of core's controller; its record would otherwise stay for ever after a failure.
     */
    private function close_controller(): void {
        global $DB;

        if ($this->controller !== null) {
            $restoreid = $this->controller->get_restoreid();
            $this->controller->destroy();
            $this->controller = null;
            $DB->delete_records('backup_controllers', ['backupid' => $restoreid]);
        }
    }

    /**
     * Give the course its names and order, and tell what came back.
     *
     * @param backup_file $file
     * @param array $header
     * @param string[] $names
     * @param bool $users
     * @return array
     */
    private function finish(backup_file $file, array $header, array $names, bool $users): array {
        global $DB;

        $courseid = $this->courseid;
        // Core gives a course "copy 1" for a name where another course has the same full name, and cuts short names at 100.
        $DB->update_record('course', (object) ['id' => $courseid, 'fullname' => $names[0], 'shortname' => $names[1]]);
        fix_course_sortorder();
        rebuild_course_cache($courseid, true);
        \cache_helper::purge_by_event('changesincourse');
        $course = $DB->get_record('course', ['id' => $courseid], '*', MUST_EXIST);
        if ($header['idnumber'] !== '' && $course->idnumber !== $header['idnumber']) {
            $this->warnings[] = language::say('idnumberleftout', $header['idnumber']);
        }
        if ($this->order['users'] && !$users) {
            $this->warnings[] = language::say('nousersinbackup');
        }
        return [
            'id' => $courseid,
            'fullname' => $course->fullname,
            'shortname' => $course->shortname,
            'url' => (new \moodle_url('/course/view.php', ['id' => $courseid]))->out(false),
            'category' => (int) $course->category,
            'backuptime' => $header['timecreated'],
            'source' => $file->source,
            'filename' => $file->filename,
            'activities' => course_contents::activities($courseid),
            'questions' => course_contents::questions($courseid),
            'files' => course_contents::files($courseid),
            'users' => $users,
            'compared' => $this->compare($header['lists'], $users),
            'warnings' => self::bounded($this->warnings),
        ];
    }

    /**
     * Compare what the backup lists with what came back; what is less is told.
     *
     * @param array $lists
     * @param bool $users
     * @return array of [came, of], by what it is
     */
    private function compare(array $lists, bool $users): array {
        $found = ['activities' => [
            array_sum((array) course_contents::activities($this->courseid)), array_sum($lists['activities'] ?? []),
        ], ];
        $found['questions'] = [course_contents::questions($this->courseid), $lists['questions'] ?? 0];
        if ($users) {
            foreach (['enrolments', 'grades', 'attempts', 'files'] as $what) {
                $found[$what] = [course_contents::$what($this->courseid), $lists[$what] ?? 0];
            }
        }
        foreach ($found as $what => [$came, $of]) {
            if ($came < $of) {
                $facts = (object) ['what' => language::say('kindof' . $what), 'came' => $came, 'of' => $of];
                $this->warnings[] = language::say('fewercame', $facts);
            }
        }
        return $found;
    }

    /**
     * Warnings without repetition, and not without end.
     *
     * @param string[] $warnings
     * @return string[]
     */
    private static function bounded(array $warnings): array {
        $warnings = array_values(array_unique($warnings));
        $more = count($warnings) - self::MOST_WARNINGS;
        return $more <= 0 ? $warnings
            : array_merge(array_slice($warnings, 0, self::MOST_WARNINGS), [language::say('andmore', $more)]);
    }

    /**
     * Tell what the site cannot take; stop where that is more than its policy allows.
     *
     * @param array $header
     * @throws refusal `lossnotallowed`
     */
    private function weigh(array $header): void {
        $context = \context_coursecat::instance($this->order['category']);
        $losses = losses::of($header, $context, $this->order['users'] && $header['users']);
        $stopping = $this->order['acceptlosses'] ? [] : losses::stopping($losses);
        if ($stopping) {
            throw new refusal('lossnotallowed', ['losses' => implode('; ', losses::words($stopping))]);
        }
        $this->warnings = array_merge($this->warnings, losses::words($losses));
    }

    /**
     * Decide whose account each person's data go to, and let core find it.
     *
     * @param array $header
     */
    private function settle_people(array $header): void {
        global $CFG;

        $path = make_backup_temp_directory(self::folder($this->work)) . '/users.xml';
        if (!$this->order['users'] || !$header['users'] || !is_file($path)) {
            return;
        }
        $people = new people($header['samesite'], $this->order['people']);
        $decisions = $people->decide(file_get_contents($path));
        $this->warnings = array_merge($this->warnings, people::words($decisions));
        foreach ($decisions as $one) {
            if ($one->account === null && $one->kind !== 'created') {
                $one->account = people::stand_in($one);
                $standins = array_merge($this->work->recall()['standins'] ?? [], [(int) $one->account->id]);
                $this->work->remember(['standins' => $standins]);
            }
        }
        if ($decisions) {
            $people->write($path, $decisions);
            $CFG->forcedifferentsitecheckingusersonrestore = true;
        }
    }

    /**
     * Make warnings of what core's plan reports as left out.
     *
     * @param array $results
     */
    private function note_results($results): void {
        if (!empty($results['file_missing_in_backup'])) {
            $this->warnings[] = language::say('filesmissing');
        }
        foreach ((array) ($results['file_aliases_restore_failures'] ?? []) as $alias) {
            $this->warnings[] = language::say('aliasnotrestored', self::plain($alias));
        }
    }

    /**
     * 3KL limits the size of an installation; say so when it is reached already.
     */
    private function warn_of_size_limit(): void {
        $statistics = 'local_opentechnology\statistics';
        if (is_callable([$statistics, 'is_moodle_size_limit_exceeded']) && $statistics::is_moodle_size_limit_exceeded()) {
            $this->warnings[] = language::say('sizelimit');
        }
    }

    /**
     * Refuse a short name that a course bears.
     *
     * @param string $shortname
     */
    private static function refuse_taken(string $shortname): void {
        global $DB;
        if ($shortname !== '' && $DB->record_exists('course', ['shortname' => $shortname])) {
            throw new refusal('shortnametaken', ['shortname' => $shortname]);
        }
    }

    /**
     * Core's messages as plain text.
     *
     * @param string|string[] $messages
     * @return string
     */
    private static function plain($messages): string {
        return trim(html_entity_decode(strip_tags(implode('; ', (array) $messages)), ENT_QUOTES, 'UTF-8'));
    }
}
