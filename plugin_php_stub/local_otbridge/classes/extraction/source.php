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
 * Whole-site backups as a source of courses.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\extraction;

use local_otbridge\backup_file;
use local_otbridge\backup_header;
use local_otbridge\checking;
use local_otbridge\origins;
use local_otbridge\refusal;

/**
 * Tells which copies there are, what taking one out will cost, and gives the file once the helper has made it.
 *
 * A ref is `wholesite:<key of the backup>:<id of the course>`; both are looked up in the index.
 */
class source {
    /** @var string */
    const NAME = 'wholesite';
    /** @var int seconds after which the helper counts as dead */
    const SILENCE = 900;
    /** @var int seconds that a restore waits for the helper at most */
    const PATIENCE = 172800;
    /** @var int seconds between two looks; cron makes longer ones of them */
    const PAUSE = 10;
    /** @var string[] codes of the helper for which there is a sentence */
    const REASONS = [
        'backupfailed', 'badarchive', 'diskfull', 'failed', 'filesmissing', 'interrupted', 'nobackup', 'nocourse',
        'toolarge', 'toolong', 'upgraded', 'wrongdump',
    ];
    /** @var string[] phases of the helper's work for which there is a word */
    const PHASES = ['archive', 'backup', 'busy', 'code', 'files', 'load'];

    /**
     * Whether a ref is one of these.
     *
     * @param mixed $ref
     * @return bool
     */
    public static function has($ref): bool {
        return is_string($ref) && preg_match('/^wholesite:[0-9a-f]{16}:[1-9][0-9]{0,17}\z/', $ref) === 1;
    }

    /**
     * Copies of courses that match, as the web service find_backups tells them.
     *
     * @param array $criteria
     * @return array[]
     */
    public static function find(array $criteria): array {
        global $CFG, $DB;

        $spool = spool::open();
        $told = [];
        foreach ($spool ? self::search(new index($spool->index()), $criteria) : [] as $copy) {
            [$backup, $course] = [$copy['backup'], $copy['course']];
            $origin = origins::of([$course['id']])[$course['id']];
            if ($backup['site'] !== md5(get_site_identifier())) {
                continue;
            }
            $file = $spool->file(spool::key($backup['key'], $course['id']));
            $told[] = [
                'ref' => self::NAME . ':' . $backup['key'] . ':' . $course['id'],
                'source' => self::NAME,
                'filename' => $backup['name'],
                'size' => $file === null ? 0 : (int) filesize($file),
                'timecreated' => $backup['taken'],
                'courseid' => $course['id'],
                'idnumber' => $course['idnumber'],
                'shortname' => $course['shortname'],
                'fullname' => $course['fullname'],
                'users' => true,
                'categoryid' => $DB->record_exists('course_categories', ['id' => $course['category']]) ? $course['category'] : 0,
                'stored' => $backup['taken'],
                'siteurl' => $CFG->wwwroot,
                'samesite' => true,
                'category' => $course['categoryname'],
                'origin' => $origin,
                'alive' => origins::alive($origin),
            ];
        }
        return $told;
    }

    /**
     * Ask the index; a course that was restored is the same one under another number.
     *
     * @param index $index
     * @param array $criteria
     * @return array[]
     */
    private static function search(index $index, array $criteria): array {
        if (!isset($criteria['courseid'])) {
            return $index->find($criteria);
        }
        $found = [];
        foreach (origins::family($criteria['courseid']) as $courseid) {
            $found = array_merge($found, $index->find(['courseid' => $courseid] + $criteria));
        }
        return $found;
    }

    /**
     * Names of courses, for look-alikes.
     *
     * @param int $most
     * @return string[]
     */
    public static function names(int $most): array {
        $spool = spool::open();
        return $spool ? (new index($spool->index()))->names($most) : [];
    }

    /**
     * Look for faults, and note what it will cost.
     *
     * @param string $ref
     * @param checking $checking
     * @return string the course's short name in that copy; empty after a fault
     */
    public static function check(string $ref, checking $checking): string {
        $spool = spool::open();
        $copy = self::copy($spool, $ref);
        if ($copy === null) {
            $checking->fault('ref', 'backupnotfound', ['ref' => $ref]);
            return '';
        }
        [$backup, $course] = [$copy['backup'], $copy['course']];
        $key = spool::key($backup['key'], $course['id']);
        if ($spool->file($key) === null && !$spool->request($key)) {
            $status = $spool->status();
            $silent = time() - (int) ($status['time'] ?? 0);
            if ($silent > self::SILENCE) {
                $checking->fault('ref', 'extractionsilent', ['minutes' => empty($status['time']) ? 0 : (int) ($silent / MINSECS)]);
                return '';
            }
            if ($backup['bytes'] > ($status['room'] ?? 0)) {
                $checking->fault('ref', 'extractiontoolarge', [
                    'need' => self::megabytes($backup['bytes']), 'room' => self::megabytes($status['room'] ?? 0),
                ]);
                return '';
            }
            $checking->note('ref', 'extraction', [
                'name' => $backup['name'], 'time' => userdate($backup['taken'], '%Y-%m-%d %H:%M'), 'taken' => $backup['taken'],
                'seconds' => $backup['seconds'], 'megabytes' => self::megabytes($backup['bytes']),
                'minutes' => max(1, (int) ceil($backup['seconds'] / MINSECS)),
            ]);
        }
        return $course['shortname'];
    }

    /**
     * The file of a copy; the helper is asked for it.
     *
     * @param string $ref
     * @return backup_file
     * @throws waiting it is not there yet
     * @throws refusal `backupnotfound`, `extractionfailed`, `extractionsilent`
     */
    public static function file(string $ref): backup_file {
        $spool = spool::open();
        $copy = self::copy($spool, $ref);
        if ($copy === null) {
            throw new refusal('backupnotfound', ['ref' => $ref]);
        }
        [$backup, $course] = [$copy['backup'], $copy['course']];
        $key = spool::key($backup['key'], $course['id']);
        $path = $spool->file($key);
        if ($path !== null) {
            return self::made($ref, $path, $backup, $course);
        }
        $answer = $spool->answer($key);
        $request = $spool->request($key);
        $ours = $request && ($answer['asked'] ?? '') === $request['asked'];
        if ($ours && $answer['state'] === 'failed') {
            $spool->withdraw($key); // Asked anew, it is tried anew.
            throw new refusal('extractionfailed', ['name' => $backup['name'], 'reason' => self::reason($answer)]);
        }
        $spool->ask($backup['key'], $course['id']);
        self::judge_silence($spool, $ours ? (int) $answer['updated'] : 0);
        $title = get_string('extractionwaits', 'local_otbridge', (object) [
            'name' => $backup['name'], 'phase' => self::phase($ours ? $answer : []),
        ]);
        throw new waiting($title, time() + self::PAUSE, $ours ? (float) ($answer['progress'] ?? 0) : 0.0);
    }

    /**
     * The course is restored: the request is done with. The file stays for a while, should somebody else want it.
     *
     * @param string $ref
     * @return string[] what the customer should know
     */
    public static function finish(string $ref): array {
        $spool = spool::open();
        [, $backup, $courseid] = explode(':', $ref);
        $key = spool::key($backup, (int) $courseid);
        if ($spool === null) {
            return [];
        }
        $spool->withdraw($key);
        $missing = (array) ($spool->answer($key)['missing'] ?? []);
        return $missing ? [get_string('extractionmissing', 'local_otbridge', implode(', ', $missing))] : [];
    }

    /**
     * The copy of a ref, if this site made it.
     *
     * @param spool|null $spool
     * @param string $ref
     * @return array|null
     */
    private static function copy(?spool $spool, string $ref): ?array {
        if ($spool === null || !self::has($ref)) {
            return null;
        }
        [, $backup, $courseid] = explode(':', $ref);
        $copy = (new index($spool->index()))->get($backup, (int) $courseid);
        return $copy !== null && $copy['backup']['site'] === md5(get_site_identifier()) ? $copy : null;
    }

    /**
     * The file that the helper made, if it is what was asked for.
     *
     * @param string $ref
     * @param string $path
     * @param array $backup
     * @param array $course
     * @return backup_file
     */
    private static function made(string $ref, string $path, array $backup, array $course): backup_file {
        $file = backup_file::in_folder($ref, $path);
        $file->source = self::NAME;
        $file->filename = $backup['name'];
        $file->timestored = $backup['taken'];
        $header = backup_header::of($file);
        if (isset($header['problem']) || $header['courseid'] !== $course['id'] || $header['timecreated'] !== $backup['taken']) {
            $reason = get_string('extractionreason_badarchive', 'local_otbridge', (object) ['reason' => '']);
            throw new refusal('extractionfailed', ['name' => $backup['name'], 'reason' => $reason]);
        }
        return $file;
    }

    /**
     * Give up where the helper has been silent for too long.
     *
     * @param spool $spool
     * @param int $updated when it spoke of this request last, 0 = never
     */
    private static function judge_silence(spool $spool, int $updated): void {
        $last = max($updated, (int) ($spool->status()['time'] ?? 0));
        if ($last && time() - $last > self::PATIENCE) {
            throw new refusal('extractionsilent', ['minutes' => (int) ((time() - $last) / MINSECS)]);
        }
    }

    /**
     * Why the helper could not do it.
     *
     * @param array $answer
     * @return string
     */
    private static function reason(array $answer): string {
        $code = (string) ($answer['code'] ?? '');
        if (!in_array($code, self::REASONS, true)) {
            return (string) ($answer['message'] ?? $code);
        }
        return get_string('extractionreason_' . $code, 'local_otbridge', (object) (array) ($answer['facts'] ?? []));
    }

    /**
     * What the helper is doing.
     *
     * @param array $answer
     * @return string
     */
    private static function phase(array $answer): string {
        $phase = (string) ($answer['phase'] ?? '');
        return get_string('extractionphase_' . (in_array($phase, self::PHASES, true) ? $phase : 'queued'), 'local_otbridge');
    }

    /**
     * Bytes as megabytes.
     *
     * @param int|float $bytes
     * @return int
     */
    private static function megabytes($bytes): int {
        return (int) ceil($bytes / 1048576);
    }
}
