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
 * Step course.restore: a course from a backup.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\step;

use context_system;
use local_otbridge\backup_file;
use local_otbridge\backup_header;
use local_otbridge\archive_fault;
use local_otbridge\backup_files;
use local_otbridge\change;
use local_otbridge\changes;
use local_otbridge\checking;
use local_otbridge\course_restorer;
use local_otbridge\extraction\source;
use local_otbridge\extraction\waiting;
use local_otbridge\field;
use local_otbridge\language;
use local_otbridge\losses;
use local_otbridge\people;
use local_otbridge\refusal;
use local_otbridge\scope;
use local_otbridge\step;
use local_otbridge\work;

/**
 * Restores a backup into a new course, with everything that is in it.
 */
class course_restore extends step {
    /**
     * Parameters.
     *
     * @return field[]
     */
    public function schema(): array {
        return [
            'category' => field::record('category'),
            'ref' => field::text(255)->default(''),
            'older' => field::items(field::text(255))->default([]),
            'file' => field::file()->default(null),
            'fullname' => field::text(254)->default(''),
            'shortname' => field::text(255)->default(''),
            'users' => field::bool()->default(true),
            'othersite' => field::bool()->default(false),
            'people' => field::items(field::structure(['login' => field::text(100), 'account' => field::text(100)->default('')]))
                ->default([]),
            'acceptlosses' => field::bool()->default(false),
            'lang' => field::text(30)->default(''),
        ];
    }

    /**
     * Results.
     *
     * @return string[]
     */
    public function results(): array {
        return [
            'id' => 'course', 'fullname' => 'text', 'shortname' => 'text', 'url' => 'text', 'category' => 'category',
            'backuptime' => 'int', 'source' => 'text', 'filename' => 'text', 'activities' => '', 'questions' => 'int',
            'files' => 'int', 'users' => 'bool', 'warnings' => '', 'compared' => '',
        ];
    }

    /**
     * Capabilities.
     *
     * @return string[]
     */
    public function needs(): array {
        return [
            'local/otbridge:restore', 'moodle/restore:restorecourse', 'moodle/course:create', 'moodle/course:delete',
            'moodle/restore:userinfo',
        ];
    }

    /**
     * Capabilities in their contexts.
     *
     * @param array $params
     * @param scope $scope
     * @return array
     */
    public function capabilities(array $params, scope $scope): array {
        $category = $scope->context('category', $params['category']);
        $needed = [
            ['local/otbridge:restore', context_system::instance()], ['moodle/restore:restorecourse', $category],
            ['moodle/course:create', $category],
        ];
        return $params['users'] === false ? $needed : array_merge($needed, [['moodle/restore:userinfo', $category]]);
    }

    /**
     * Restoring takes minutes.
     *
     * @return bool
     */
    public function heavy(): bool {
        return true;
    }

    /**
     * Core's restore makes its own commits.
     *
     * @return bool
     */
    public function transactional(): bool {
        return false;
    }

    /**
     * Look for faults; a backup's own description is read, where it is at hand.
     *
     * @param array $params
     * @param checking $checking
     */
    public function check(array $params, checking $checking): void {
        if (($params['ref'] === '') === ($params['file'] === null)) {
            $checking->fault('ref', 'reforfile');
            return;
        }
        $before = language::enter($params['lang']);
        try {
            $this->check_backup($params, $checking);
        } finally {
            language::leave($before);
        }
    }

    /**
     * Look for faults of the backup, and tell what of it would not come back.
     *
     * @param array $params
     * @param checking $checking
     */
    private function check_backup(array $params, checking $checking): void {
        global $DB;

        $shortname = $params['shortname'];
        $file = null;
        $whole = source::has($params['ref']) ? source::check($params['ref'], $checking) : null;
        $shortname = $whole !== null && $shortname === '' ? $whole : $shortname;
        $header = $whole === null ? $this->header($params, $checking, $file) : null;
        if ($header !== null) {
            $this->check_losses($params, $header, $file, $checking);
            if (!$header['samesite'] && $params['othersite'] !== true) {
                $checking->fault('othersite', 'othersite', ['site' => $header['siteurl']]);
            }
            $shortname = $shortname === '' ? $header['shortname'] : $shortname;
        }
        if (is_string($shortname) && $shortname !== '') {
            if ($DB->record_exists('course', ['shortname' => $shortname]) || !$checking->claim('course.shortname', $shortname)) {
                $checking->fault('shortname', 'shortnametaken', ['shortname' => $shortname]);
            }
        }
    }

    /**
     * Restore.
     *
     * @param array $params
     * @param work $work
     * @return array
     */
    public function run(array $params, work $work): array {
        $files = $params['file'] === null ? [] : [backup_file::brought($work->file($params['file']), $work->file_name($params['file']))];
        $results = (new course_restorer($params, $work))->run($files);
        foreach ($results['source'] === source::NAME ? array_merge([$params['ref']], $params['older']) : [] as $ref) {
            $results['warnings'] = array_merge($results['warnings'], source::has($ref) ? source::finish($ref) : []);
        }
        return $results;
    }

    /**
     * Remove the course and the unpacked files of an attempt that died.
     *
     * @param array $params
     * @param work $work
     */
    public function clean_up(array $params, work $work): void {
        course_restorer::clean_up($work);
    }

    /**
     * The new course is touched.
     *
     * @param array $params
     * @param array $results
     * @return int[]
     */
    public function courses(array $params, array $results): array {
        return isset($results['id']) ? [$results['id']] : [];
    }

    /**
     * Lists of courses.
     *
     * @param array $params
     * @param array $results
     */
    public function refresh(array $params, array $results): void {
        \cache_helper::purge_by_event('changesincourse');
    }

    /**
     * What was taught or edited in the course since.
     *
     * @param array $params
     * @param array $results
     * @param int $since
     * @param work $work
     * @return change|null
     */
    public function changed(array $params, array $results, int $since, work $work): ?change {
        return changes::in_course($results['id'], $since);
    }

    /**
     * Delete the course; the recycle bin keeps it, unless the program failed.
     *
     * @param array $params
     * @param array $results
     * @param work $work
     */
    public function undo(array $params, array $results, work $work): void {
        changes::undo_course($results['id'], $work);
    }

    /**
     * Tell what would not come back, and whose data would go where.
     *
     * @param array $params
     * @param array $header
     * @param backup_file $file
     * @param checking $checking
     */
    private function check_losses(array $params, array $header, backup_file $file, checking $checking): void {
        if (!is_bool($params['users']) || !is_bool($params['acceptlosses'])) {
            return; // It cannot be told yet.
        }
        $users = $params['users'] && $header['users'];
        $context = $checking->context('category', $params['category']) ?? context_system::instance();
        $losses = losses::of($header, $context, $users);
        $stopping = $params['acceptlosses'] ? [] : losses::stopping($losses);
        if ($stopping) {
            $checking->fault('acceptlosses', 'lossnotallowed', ['losses' => implode('; ', losses::words($stopping))]);
        }
        foreach (losses::words($losses) as $words) {
            $checking->note('', 'leftout_note', ['words' => $words]);
        }
        if (!$users || !$checking->is_heard()) {
            return; // Reading the people means reading the whole file; the task does it anyway.
        }
        if ($file->size > people::MOST_AT_PLAN) {
            $checking->note('', 'peoplelater');
        } else {
            try {
                $decisions = (new people($header['samesite'], $params['people']))->decide(people::text($file));
            } catch (archive_fault $fault) {
                return; // The task meets it again, and takes the next older copy.
            } catch (refusal $refusal) {
                $checking->fault('people', $refusal->errorcode, $refusal->facts);
                return;
            }
            foreach (people::words($decisions) as $words) {
                $checking->note('', 'people_note', ['words' => $words]);
            }
        }
    }

    /**
     * The first of the backups that is there and can be read.
     *
     * @param array $params
     * @param checking $checking
     * @param backup_file|null $file the one
     * @return array|null what it says of itself; null when it cannot be told yet, or after a fault
     */
    private function header(array $params, checking $checking, ?backup_file &$file): ?array {
        $first = null;
        foreach ($params['file'] === null ? array_merge([$params['ref']], $params['older']) : [''] as $ref) {
            try {
                if ($params['file'] === null && !is_string($ref)) {
                    return null;
                }
                $stored = $params['file'] === null ? null : $checking->file($params['file']);
                if ($params['file'] !== null && $stored === null) {
                    return null;
                }
                $file = $stored === null ? backup_files::resolve($ref)
                    : backup_file::brought($stored, $checking->file_name($params['file']));
                $header = backup_header::of($file);
                if (!isset($header['problem'])) {
                    return $header;
                }
                $first = $first ?? ['backupinvalid', ['reason' => language::say($header['problem'])]];
            } catch (waiting $waiting) {
                return null; // An older copy, which has yet to be taken out of a whole-site backup.
            } catch (refusal $refusal) {
                $first = $first ?? [$refusal->errorcode, $refusal->facts];
            }
        }
        $checking->fault($params['file'] === null ? 'ref' : 'file', ...$first);
        return null;
    }
}
