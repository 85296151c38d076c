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
    /** @var int how many look-alikes are told at most */
    const MAX_LOOKALIKES = 10;
    /** @var string condition on {files} for the backup areas of courses */
    const AREAS = "f.filename <> '.' AND f.filesize > 0 AND f.referencefileid IS NULL
        AND f.component = 'backup' AND f.filearea IN ('course', 'automated')";
    /** @var string the same for files that a user put there: whoever made them could write any name and any date into them */
    const PRIVATE = "f.filename LIKE '%.mbz' AND f.filesize > 0 AND f.referencefileid IS NULL
        AND f.component = 'user' AND f.filearea IN ('backup', 'private', 'draft')";
    /** @var string condition on {files} for the recycle bins of categories */
    const BIN = "f.component = 'tool_recyclebin' AND f.filearea = 'recyclebin_coursecat' AND f.filename <> '.' AND f.filesize > 0";

    /**
     * Search; what is not known yet is read, the likely files first, until the patience is over.
     *
     * @param array $criteria those of {@see self::CRITERIA} that are given; all must match, names exactly
     * @param int $limit
     * @param bool $private whether files of users' own areas count, too
     * @return array backups (the last stored first), truncated (there may be more: ask again or more narrowly), unreadable,
     *     lookalikes (names that look like the one that was asked for, where none matched)
     */
    public static function find(array $criteria, int $limit, bool $private = false): array {
        $found = [];
        $others = self::names_in_bins();
        $unreadable = [];
        $truncated = false;
        $deadline = microtime(true) + self::PATIENCE;
        foreach (self::candidates($criteria, $private) as $file) {
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
            } else {
                $others[] = [$header['shortname'], $header['fullname'], $header['idnumber']];
            }
        }
        usort($found, static function ($one, $other) {
            return [$other['stored'], $other['timecreated']] <=> [$one['stored'], $one['timecreated']];
        });
        return [
            'backups' => array_slice($found, 0, $limit),
            'truncated' => $truncated || count($found) > $limit,
            'unreadable' => array_slice($unreadable, 0, self::MAX_UNREADABLE),
            'lookalikes' => $found ? [] : lookalikes::find($criteria, array_merge([], ...$others), self::MAX_LOOKALIKES),
        ];
    }

    /**
     * The file that a restore asks for.
     *
     * @param string $ref as {@see self::find()} told it
     * @return backup_file
     * @throws refusal `backupnotfound`
     */
    public static function resolve(string $ref): backup_file {
        [$kind, $name] = explode(':', $ref, 2) + ['', ''];
        $file = null;
        if ($kind === 'recyclebin' && ctype_digit($name)) {
            $file = self::in_bins('b.id = :id', ['id' => (int) $name])[0] ?? null;
        } else if ($kind === 'filearea' && ctype_digit($name)) {
            $file = self::in_areas('filearea', 'f.id = :id', ['id' => (int) $name])[0] ?? null;
        } else if ($kind === 'private' && ctype_digit($name)) {
            $file = self::in_areas('private', 'f.id = :id', ['id' => (int) $name])[0] ?? null;
        } else if ($kind === 'folder') {
            foreach (self::in_folder() as $one) {
                $file = $one->ref === $ref ? $one : $file;
            }
        }
        if ($file === null) {
            throw new refusal('backupnotfound', ['ref' => $ref]);
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
     * @param bool $private
     * @return backup_file[]
     */
    private static function candidates(array $criteria, bool $private): array {
        [$names, $params] = [['1 = 1'], []];
        foreach (['shortname', 'fullname'] as $name) {
            if (isset($criteria[$name])) {
                $names[] = "b.$name = :$name"; // The bin keeps both names beside the file.
                $params[$name] = $criteria[$name];
            }
        }
        $files = array_merge(
            self::in_bins(implode(' AND ', $names), $params),
            self::in_folder(),
            self::in_areas('filearea', '1 = 1', []),
            $private ? self::in_areas('private', '1 = 1', []) : []
        );
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
            'stored' => $file->timestored,
            'siteurl' => $header['siteurl'],
            'samesite' => $header['samesite'],
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
     * Files in backup areas of courses, or of users.
     *
     * @param string $source filearea, private
     * @param string $where on {files} f
     * @param array $params
     * @return backup_file[]
     */
    private static function in_areas(string $source, string $where, array $params): array {
        global $DB;

        $areas = $source === 'private' ? self::PRIVATE : self::AREAS;
        $rows = $DB->get_records_sql("SELECT f.* FROM {files} f WHERE $areas AND $where ORDER BY f.id", $params);
        return array_map(static function ($row) use ($source) {
            return backup_file::stored($source . ':' . $row->id, $source, get_file_storage()->get_file_instance($row));
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
     * Names of the courses in the recycle bins, which keep them beside the files.
     *
     * @return string[][]
     */
    private static function names_in_bins(): array {
        global $DB;

        if (!$DB->get_manager()->table_exists('tool_recyclebin_category')) {
            return [];
        }
        $rows = $DB->get_records('tool_recyclebin_category', null, 'id DESC', 'id, shortname, fullname', 0, 5000);
        return array_map(static function ($row) {
            return [$row->shortname, $row->fullname];
        }, array_values($rows));
    }
}
