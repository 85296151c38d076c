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
 * Where backups lie: recycle bins, the automated-backup folder, file areas.
 *
 * @package    local_otbridge
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

/**
 * Finds backup files, by what they hold or by reference.
 */
final class backup_store {
    /** @var int seconds for opening files that were never opened before. */
    private const READING_SECONDS = 30;

    /** @var string SQL condition of stored backups of whole courses. */
    private const AREAS = "((f.component = 'backup' AND f.filearea IN ('course', 'automated'))
        OR (f.component = 'user' AND f.filearea = 'backup'))";

    /**
     * Find backups.
     *
     * @param array $wanted courseid, idnumber, shortname, fullname: those that must match
     * @param int $limit how many at most
     * @return array backups, truncated, unreadable, as the web service answers
     */
    public static function find(array $wanted, int $limit): array {
        $backups = [];
        $unreadable = [];
        $skipped = false;
        $deadline = time() + self::READING_SECONDS;
        foreach (self::candidates($wanted) as $file) {
            $header = backup_header::cached($file);
            if (!$header) {
                if (time() >= $deadline) {
                    $skipped = true;
                    continue;
                }
                $header = backup_header::of($file);
            }
            if ($header->partial) {
                continue;
            }
            if ($header->problem !== '') {
                $unreadable[] = ['source' => $file->source, 'filename' => $file->filename, 'reason' => $header->problem];
                continue;
            }
            foreach ($wanted as $name => $value) {
                if ($header->$name !== $value) {
                    continue 2;
                }
            }
            $backups[] = [
                'ref' => $file->ref,
                'source' => $file->source,
                'filename' => $file->filename,
                'size' => $file->size,
                'timecreated' => $header->timecreated,
                'courseid' => $header->courseid,
                'idnumber' => $header->idnumber,
                'shortname' => $header->shortname,
                'fullname' => $header->fullname,
                'users' => $header->users,
                'categoryid' => $file->categoryid ?: $header->categoryid,
            ];
        }
        usort($backups, static function (array $a, array $b): int {
            return [$b['timecreated'], $b['ref']] <=> [$a['timecreated'], $a['ref']];
        });
        return [
            'backups' => array_slice($backups, 0, $limit),
            'truncated' => $skipped || count($backups) > $limit,
            'unreadable' => $unreadable,
        ];
    }

    /**
     * The file that a reference or a draft area names.
     *
     * @param string $ref
     * @param int $draftitemid
     * @param int $userid whose draft area it is
     * @return backup_file|null
     */
    public static function resolve(string $ref, int $draftitemid, int $userid): ?backup_file {
        global $DB;

        if ($ref === '') {
            $context = \context_user::instance($userid, IGNORE_MISSING);
            $files = $context
                ? get_file_storage()->get_area_files($context->id, 'user', 'draft', $draftitemid, 'id', false) : [];
            return count($files) === 1 ? backup_file::stored(reset($files), '', 'draft') : null;
        }
        [$kind, $name] = explode(':', $ref, 2) + [1 => ''];
        if ($kind === 'folder') {
            return self::folder_file($name);
        }
        if (!preg_match('/^[1-9][0-9]{0,17}$/D', $name)) {
            return null;
        }
        if ($kind === 'recyclebin') {
            foreach (self::recycle_bin('i.id = ?', [$name]) as $file) {
                return $file;
            }
        }
        if ($kind === 'file') {
            $found = $DB->get_record_sql('SELECT f.id FROM {files} f WHERE f.id = ? AND f.filename <> ? AND ' . self::AREAS, [$name, '.']);
            $file = $found ? get_file_storage()->get_file_by_id($found->id) : false;
            return $file ? backup_file::stored($file, $ref, 'filearea') : null;
        }
        return null;
    }

    /**
     * The folder of automated backups.
     *
     * @return string its path, empty when there is none that can be read
     */
    public static function folder(): string {
        $folder = (string) get_config('backup', 'backup_auto_destination');
        return $folder !== '' && is_dir($folder) && is_readable($folder) ? rtrim($folder, '/') : '';
    }

    /**
     * All files that may be backups of the wanted course.
     *
     * @param array $wanted
     * @return \Generator of backup_file
     */
    private static function candidates(array $wanted): \Generator {
        global $DB;

        // The recycle bin's own table knows the names, so that most of its files need not be opened.
        $named = array_intersect_key($wanted, ['shortname' => '', 'fullname' => '']);
        $conditions = ['1 = 1'];
        foreach (array_keys($named) as $name) {
            $conditions[] = "i.$name = ?";
        }
        yield from self::recycle_bin(implode(' AND ', $conditions), array_values($named));

        $folder = self::folder();
        foreach ($folder === '' ? [] : scandir($folder) as $name) {
            $file = self::folder_file($name);
            if ($file) {
                yield $file;
            }
        }

        $mbz = $DB->sql_like('f.filename', '?', false);
        $ids = $DB->get_fieldset_sql("SELECT f.id FROM {files} f WHERE $mbz AND " . self::AREAS . ' ORDER BY f.id DESC', ['%.mbz']);
        foreach ($ids as $id) {
            $file = get_file_storage()->get_file_by_id($id);
            if ($file) {
                yield backup_file::stored($file, "file:$id", 'filearea');
            }
        }
    }

    /**
     * A backup in the folder: a regular file, no link out of it.
     *
     * @param string $name
     * @return backup_file|null
     */
    private static function folder_file(string $name): ?backup_file {
        $folder = self::folder();
        $path = "$folder/$name";
        $ok = $folder !== ''
            && strlen("folder:$name") <= 255
            && $name === basename($name)
            && preg_match('/\.mbz$/iD', $name)
            && strpos($name, "\0") === false
            && is_file($path)
            && realpath($path) === realpath($folder) . "/$name";
        return $ok ? backup_file::in_folder($path) : null;
    }

    /**
     * Backups in the recycle bins of categories, also of categories that are gone; newest first.
     *
     * @param string $where SQL condition on the items i
     * @param array $params
     * @return \Generator of backup_file
     */
    private static function recycle_bin(string $where, array $params): \Generator {
        global $DB;

        if (!$DB->get_manager()->table_exists('tool_recyclebin_category')) {
            return;
        }
        $items = $DB->get_records_sql("SELECT f.id, i.id AS itemid, i.categoryid
              FROM {tool_recyclebin_category} i
              JOIN {files} f ON f.itemid = i.id AND f.component = 'tool_recyclebin' AND f.filearea = 'recyclebin_coursecat'
             WHERE f.filename <> '.' AND $where
          ORDER BY i.id DESC", $params);
        foreach ($items as $item) {
            $file = get_file_storage()->get_file_by_id($item->id);
            if ($file) {
                yield backup_file::stored($file, "recyclebin:$item->itemid", 'recyclebin', (int) $item->categoryid);
            }
        }
    }
}
