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
 * Finding backup files of courses, also of courses that no longer exist.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use context_user;
use moodle_exception;

/**
 * Looks into category recycle bins, the folder of automated backups, and stored backup areas.
 */
class backups {
    /** @var int seconds that one search may spend on reading files that it does not know yet */
    const PATIENCE = 20;
    /** @var int how many unreadable files are told at most */
    const MAX_UNREADABLE = 50;
    /** @var string[] what can be searched for */
    const CRITERIA = ['courseid', 'idnumber', 'shortname', 'fullname'];
    /** @var string condition on {files} for the stored backup areas of whole courses */
    const AREAS = "f.filename <> '.' AND f.filesize > 0 AND f.referencefileid IS NULL AND (
        (f.component = 'backup' AND f.filearea IN ('course', 'automated'))
        OR (f.component = 'user' AND f.filearea = 'backup'))";
    /** @var string condition on {files} for the recycle bins of categories */
    const BIN = "f.component = 'tool_recyclebin' AND f.filearea = 'recyclebin_coursecat' AND f.filename <> '.' AND f.filesize > 0";

    /**
     * Search; what is not known yet is read, the likely files first, until the patience is over.
     *
     * @param array $criteria those of {@see self::CRITERIA} that are given; all must match, names exactly
     * @param int $limit
     * @return array backups (newest first), truncated (there may be more: ask again or more narrowly), unreadable
     */
    public static function find(array $criteria, int $limit): array {
        $found = [];
        $unreadable = [];
        $truncated = false;
        $deadline = microtime(true) + self::PATIENCE;
        foreach (self::candidates($criteria) as $file) {
            if (microtime(true) > $deadline && !backup_header::is_known($file)) {
                $truncated = true;
                continue;
            }
            $header = backup_header::of($file);
            if (isset($header['problem'])) {
                $unreadable[] = [
                    'source' => $file->source, 'filename' => $file->filename,
                    'reason' => get_string($header['problem'], 'local_otbridge'),
                ];
            } else if (self::matches($header, $criteria)) {
                $found[] = self::tell($file, $header);
            }
        }
        usort($found, static function ($one, $other) {
            return $other['timecreated'] <=> $one['timecreated'];
        });
        return [
            'backups' => array_slice($found, 0, $limit),
            'truncated' => $truncated || count($found) > $limit,
            'unreadable' => array_slice($unreadable, 0, self::MAX_UNREADABLE),
        ];
    }

    /**
     * The file that a restore asks for.
     *
     * @param string $ref as {@see self::find()} told it, or empty
     * @param int $draftitemid draft area of the user, or 0
     * @param int $userid
     * @return backup_file
     * @throws moodle_exception `backupnotfound`
     */
    public static function resolve(string $ref, int $draftitemid, int $userid): backup_file {
        [$kind, $name] = explode(':', $ref, 2) + ['', ''];
        $file = null;
        if ($draftitemid) {
            $file = self::in_draft($draftitemid, $userid);
        } else if ($kind === 'recyclebin' && ctype_digit($name)) {
            $file = self::in_bins('b.id = :id', ['id' => (int) $name])[0] ?? null;
        } else if ($kind === 'filearea' && ctype_digit($name)) {
            $file = self::in_areas('f.id = :id', ['id' => (int) $name])[0] ?? null;
        } else if ($kind === 'folder') {
            foreach (self::in_folder() as $one) {
                $file = $one->ref === $ref ? $one : $file;
            }
        }
        if ($file === null) {
            throw new moodle_exception('backupnotfound', 'local_otbridge');
        }
        return $file;
    }

    /**
     * The folder of automated backups.
     *
     * @return string|null null when none is set or it cannot be read
     */
    public static function folder(): ?string {
        $folder = (string) get_config('backup', 'backup_auto_destination');
        return $folder !== '' && is_dir($folder) && is_readable($folder) ? rtrim($folder, '/\\') : null;
    }

    /**
     * Files that may match, the likely ones first, then the newest.
     *
     * @param array $criteria
     * @return backup_file[]
     */
    private static function candidates(array $criteria): array {
        [$names, $params] = [['1 = 1'], []];
        foreach (['shortname', 'fullname'] as $name) {
            if (isset($criteria[$name])) {
                $names[] = "b.$name = :$name"; // The bin keeps both names beside the file.
                $params[$name] = $criteria[$name];
            }
        }
        $files = array_merge(self::in_bins(implode(' AND ', $names), $params), self::in_folder(), self::in_areas('1 = 1', []));
        $likely = [];
        foreach ($files as $index => $file) {
            $likely[$index] = self::likelihood($file, $criteria);
        }
        uksort($files, static function ($one, $other) use ($files, $likely) {
            return [$likely[$other], $files[$other]->timestored] <=> [$likely[$one], $files[$one]->timestored];
        });
        return $files;
    }

    /**
     * How likely a file matches, by its name alone; names are only a hint, as sites configure and administrators change them.
     *
     * @param backup_file $file
     * @param array $criteria
     * @return int 0 to 2
     */
    private static function likelihood(backup_file $file, array $criteria): int {
        if ($file->source !== 'recyclebin' && isset($criteria['courseid']) && preg_match('/-course-(\d+)-/', $file->filename, $told)) {
            return (int) $told[1] === $criteria['courseid'] ? 2 : 0;
        }
        return 1;
    }

    /**
     * Whether a backup is one of the course that is searched for.
     *
     * @param array $header
     * @param array $criteria
     * @return bool
     */
    private static function matches(array $header, array $criteria): bool {
        if ($header['type'] !== 'course' || (isset($criteria['courseid']) && !$header['samesite'])) {
            return false; // A course's number means nothing in a backup of another site.
        }
        foreach ($criteria as $name => $wanted) {
            if ($header[$name] !== $wanted) {
                return false;
            }
        }
        return true;
    }

    /**
     * A backup as the web service returns it.
     *
     * @param backup_file $file
     * @param array $header
     * @return array
     */
    private static function tell(backup_file $file, array $header): array {
        global $DB;

        $categoryid = $file->categoryid ?: ($header['samesite'] ? $header['categoryid'] : 0);
        return [
            'ref' => $file->ref,
            'source' => $file->source,
            'filename' => $file->filename,
            'size' => $file->size,
            'timecreated' => $header['timecreated'],
            'courseid' => $header['courseid'],
            'idnumber' => $header['idnumber'],
            'shortname' => $header['shortname'],
            'fullname' => $header['fullname'],
            'users' => $header['users'],
            'categoryid' => $categoryid && $DB->record_exists('course_categories', ['id' => $categoryid]) ? $categoryid : 0,
        ];
    }

    /**
     * Files in the recycle bins of categories.
     *
     * @param string $where on {tool_recyclebin_category} b
     * @param array $params
     * @return backup_file[]
     */
    private static function in_bins(string $where, array $params): array {
        global $DB;

        if (!$DB->get_manager()->table_exists('tool_recyclebin_category')) {
            return [];
        }
        $rows = $DB->get_records_sql(
            'SELECT f.*, b.id AS binitemid, b.categoryid AS bincategoryid
               FROM {tool_recyclebin_category} b
               JOIN {files} f ON f.itemid = b.id AND ' . self::BIN . "
              WHERE $where
           ORDER BY f.id",
            $params
        );
        return array_map(static function ($row) {
            $file = get_file_storage()->get_file_instance($row);
            return backup_file::stored('recyclebin:' . $row->binitemid, 'recyclebin', $file, (int) $row->bincategoryid);
        }, array_values($rows));
    }

    /**
     * Files in backup areas of courses and users.
     *
     * @param string $where on {files} f
     * @param array $params
     * @return backup_file[]
     */
    private static function in_areas(string $where, array $params): array {
        global $DB;

        $rows = $DB->get_records_sql('SELECT f.* FROM {files} f WHERE ' . self::AREAS . " AND $where ORDER BY f.id", $params);
        return array_map(static function ($row) {
            return backup_file::stored('filearea:' . $row->id, 'filearea', get_file_storage()->get_file_instance($row));
        }, array_values($rows));
    }

    /**
     * Files in the folder of automated backups: plain files directly in it, no links.
     *
     * A ref holds a hash of the name, so that it is short, and so that no path can be smuggled in.
     *
     * @return backup_file[]
     */
    private static function in_folder(): array {
        $folder = self::folder();
        $found = [];
        foreach ($folder === null ? [] : (scandir($folder) ?: []) as $name) {
            $path = $folder . '/' . $name;
            if (strtolower(substr($name, -4)) === '.mbz' && is_file($path) && !is_link($path) && is_readable($path)) {
                $found[] = backup_file::in_folder('folder:' . substr(hash('sha256', $name), 0, 32), $path);
            }
        }
        return $found;
    }

    /**
     * The only file of a user's draft area.
     *
     * @param int $draftitemid
     * @param int $userid
     * @return backup_file|null null unless there is exactly one
     */
    private static function in_draft(int $draftitemid, int $userid): ?backup_file {
        $context = context_user::instance($userid, IGNORE_MISSING);
        $files = $context ? get_file_storage()->get_area_files($context->id, 'user', 'draft', $draftitemid, 'id', false) : [];
        return count($files) === 1 ? backup_file::stored('', 'draft', reset($files)) : null;
    }
}
