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
 * Searches the index of backup files, and reads what is not in it yet.
 */
class backups {
    /** @var int seconds that one search may spend on reading files that it does not know yet */
    const PATIENCE = 15;
    /** @var int how many unreadable files are told at most */
    const MAX_UNREADABLE = 50;
    /** @var string[] what can be searched for */
    const CRITERIA = ['courseid', 'idnumber', 'shortname', 'fullname'];
    /** @var int how many look-alikes are told at most */
    const MAX_LOOKALIKES = 10;
    /** @var int how many courses of whole-site backups are looked at for look-alikes */
    const MOST_NAMES = 5000;

    /**
     * Search; what is not known yet is read, the likely files first, until the patience is over.
     *
     * @param array $criteria those of {@see self::CRITERIA} that are given; all must match, names exactly
     * @param int $limit
     * @param bool $private whether files count that a user could have put there
     * @param float|null $patience seconds, null: the usual
     * @return array backups (the last stored first), truncated (there may be more), unread (files that were
     *     not looked into yet:
     *     ask again), unreadable, lookalikes (names that look like the one that was asked for, where none matched)
     */
    public static function find(array $criteria, int $limit, bool $private = false, ?float $patience = null): array {
        $sources = array_merge(backup_index::OWN, $private ? ['private'] : []);
        $deadline = microtime(true) + ($patience ?? self::PATIENCE);
        $unread = self::read_pending($sources, $criteria, $deadline);
        [$found, $alike] = self::search($sources, $criteria);
        $there = self::still_there(array_slice($found, 0, $limit), $changed);
        if ($changed) {
            foreach ($changed as $file) {
                $unread += backup_index::read($file, $deadline) ? 0 : 1;
            }
            [$found, $alike] = self::search($sources, $criteria);
            $there = self::still_there(array_slice($found, 0, $limit), $changed);
        }
        $whole = extraction\source::find($criteria);
        $all = array_merge(self::tell($there), $whole);
        usort($all, static function ($one, $other) {
            return [$other['stored'], $other['timecreated']] <=> [$one['stored'], $one['timecreated']];
        });
        if ($whole) {
            $found = array_merge($found, $whole);
        } else if (!$found) {
            $alike = array_merge($alike, extraction\source::names(self::MOST_NAMES));
        }
        return [
            'backups' => array_slice($all, 0, $limit),
            'truncated' => $unread > 0 || count($found) > $limit,
            'unread' => $unread,
            'unreadable' => self::unreadable($sources, $criteria),
            'lookalikes' => $found ? [] : lookalikes::find($criteria, array_merge($alike, self::names_without_file()),
                self::MAX_LOOKALIKES),
        ];
    }

    /**
     * Read what the index does not know, until a deadline.
     *
     * @param string[] $sources
     * @param array $criteria
     * @param float $deadline
     * @return int how many files are left
     */
    private static function read_pending(array $sources, array $criteria, float $deadline): int {
        $pending = backup_index::pending($sources);
        $likely = [];
        foreach ($pending as $index => $file) {
            $likely[$index] = [self::likelihood($file, $criteria), $file->timestored];
        }
        uksort($pending, static function ($one, $other) use ($likely) {
            return $likely[$other] <=> $likely[$one];
        });
        $unread = 0;
        foreach ($pending as $file) {
            if (microtime(true) > $deadline || !backup_index::read($file, $deadline)) {
                $unread++;
            }
        }
        return $unread;
    }

    /**
     * How likely a file matches, by its name alone; names are only a hint, as sites configure and
     * administrators change them.
     *
     * @param backup_file $file
     * @param array $criteria
     * @return int 0 to 2
     */
    private static function likelihood(backup_file $file, array $criteria): int {
        if ($file->source !== 'recyclebin' && isset($criteria['courseid']) && preg_match('/-course-(\d+)-/', $file->filename, $told)) {
            return in_array((int) $told[1], origins::family($criteria['courseid']), true) ? 2 : 0;
        }
        return 1;
    }

    /**
     * Ask the index.
     *
     * @param string[] $sources
     * @param array $criteria
     * @return array rows that match, with their `told`, the last stored first; names that look alike
     */
    private static function search(array $sources, array $criteria): array {
        global $DB;

        [$where, $params] = $DB->get_in_or_equal($sources, SQL_PARAMS_NAMED, 'source');
        $where = "problem IS NULL AND source $where";
        $family = [];
        if (isset($criteria['courseid'])) {
            $family = origins::family($criteria['courseid']);
            [$in, $more] = $DB->get_in_or_equal($family, SQL_PARAMS_NAMED, 'course');
            $where .= " AND courseid $in";
            $params += $more;
        }
        foreach (['shortname' => 'shortkey', 'fullname' => 'fullkey'] as $name => $column) {
            if (isset($criteria[$name])) {
                $where .= " AND $column = :$column";
                $params[$column] = backup_index::key($criteria[$name]);
            }
        }
        if (isset($criteria['idnumber'])) {
            $where .= ' AND idnumber = :idnumber';
            $params['idnumber'] = \core_text::substr($criteria['idnumber'], 0, 100);
        }
        [$found, $alike] = [[], []];
        foreach ($DB->get_records_select(backup_index::TABLE, $where, $params, 'stored DESC, timecreated DESC, id DESC') as $row) {
            $row->told = backup_header::here(backup_index::told($row));
            if (self::matches($row, $criteria, in_array('private', $sources, true))) {
                $found[] = $row;
            } else {
                array_push($alike, $row->told['shortname'], $row->told['fullname'], $row->told['idnumber']);
            }
        }
        return [$found, $alike];
    }

    /**
     * Whether a backup is one of the course that is searched for. The database compares as its collation does
     * (е is ё).
     *
     * @param \stdClass $row
     * @param array $criteria
     * @param bool $private
     * @return bool
     */
    private static function matches(\stdClass $row, array $criteria, bool $private): bool {
        $told = $row->told;
        if ($told['type'] !== 'course' || (isset($criteria['courseid']) && !$told['samesite'])) {
            return false; // A course's number means nothing in a backup of another site.
        }
        if ($row->source === 'filearea' && !$private && (int) $row->keptby !== $told['courseid']) {
            return false; // Moodle puts a course's backups into its own area; into another one only people do.
        }
        foreach (array_diff_key($criteria, ['courseid' => 0]) as $name => $wanted) {
            if ($told[$name] !== $wanted) {
                return false;
            }
        }
        return true;
    }

    /**
     * Rows whose file is still there, as it was read.
     *
     * @param \stdClass[] $rows
     * @param backup_file[]|null $changed files that were overwritten since, which only a look at each of them
     *     tells
     * @return \stdClass[]
     */
    private static function still_there(array $rows, ?array &$changed = null): array {
        global $DB;

        $ids = array_filter(array_column($rows, 'fileid'));
        $stored = $ids ? $DB->get_records_list('files', 'id', $ids, '', 'id, contenthash') : [];
        $changed = [];
        $there = [];
        foreach ($rows as $row) {
            if ($row->fileid) {
                $key = $stored[$row->fileid]->contenthash ?? '';
            } else {
                $file = backup_files::of_folder($row->ref);
                $key = $file === null ? '' : $file->key();
                if ($file !== null && $key !== $row->content) {
                    $changed[] = $file;
                }
            }
            if ($key === $row->content) {
                $there[] = $row;
            }
        }
        return $there;
    }

    /**
     * Backups as the web service returns them.
     *
     * @param \stdClass[] $rows
     * @return array
     */
    private static function tell(array $rows): array {
        global $DB;

        $categories = array_map(static function ($row): int {
            return (int) $row->deletedfrom ?: ($row->told['samesite'] ? $row->told['categoryid'] : 0);
        }, $rows);
        $there = $DB->get_records_list('course_categories', 'id', array_unique($categories), '', 'id');
        $own = array_filter(array_map(static function ($row): int {
            return $row->told['samesite'] ? $row->told['courseid'] : 0;
        }, $rows));
        $origins = origins::of(array_unique($own));
        $alive = [];
        foreach (array_unique($origins) as $origin) {
            $alive[$origin] = origins::alive($origin);
        }
        $told = [];
        foreach ($rows as $index => $row) {
            $origin = isset($own[$index]) ? $origins[$own[$index]] : 0;
            $told[] = [
                'ref' => $row->ref,
                'source' => $row->source,
                'filename' => $row->filename,
                'size' => (int) $row->size,
                'categoryid' => isset($there[$categories[$index]]) ? $categories[$index] : 0,
                'stored' => (int) $row->stored,
                'origin' => $origin,
                'alive' => $alive[$origin] ?? 0,
            ] + array_intersect_key($row->told, array_flip([
                'timecreated', 'courseid', 'idnumber', 'shortname', 'fullname', 'users', 'siteurl', 'samesite', 'category',
            ]));
        }
        return $told;
    }

    /**
     * Files that cannot be read, and that may be what is searched for.
     *
     * @param string[] $sources
     * @param array $criteria
     * @return array
     */
    private static function unreadable(array $sources, array $criteria): array {
        global $DB;

        [$in, $params] = $DB->get_in_or_equal($sources);
        $rows = $DB->get_records_select(backup_index::TABLE, "problem IS NOT NULL AND source $in", $params, 'stored DESC', '*', 0,
            self::MAX_UNREADABLE);
        return array_map(static function ($row) {
            return [
                'source' => $row->source, 'filename' => $row->filename, 'reason' => get_string($row->problem, 'local_otbridge'),
            ];
        }, self::still_there(array_values($rows)));
    }

    /**
     * Names of courses that a recycle bin lists without a file: those of a category that was deleted with all
     * its courses.
     *
     * @return string[]
     */
    private static function names_without_file(): array {
        global $DB;

        if (!$DB->get_manager()->table_exists('tool_recyclebin_category')) {
            return [];
        }
        $rows = $DB->get_records_sql(
            "SELECT b.id, b.shortname, b.fullname
               FROM {tool_recyclebin_category} b
          LEFT JOIN {files} f ON f.itemid = b.id AND " . backup_files::AREAS['recyclebin'] . '
              WHERE f.id IS NULL
           ORDER BY b.id DESC',
            [],
            0,
            1000
        );
        $names = [];
        foreach ($rows as $row) {
            array_push($names, $row->shortname, $row->fullname);
        }
        return $names;
    }
}
