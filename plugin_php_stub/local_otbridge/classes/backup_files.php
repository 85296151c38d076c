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
 * Where backup files of courses lie.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

/**
 * Lists backup files: in category recycle bins, in the folder of automated backups, in backup areas of
 * courses and users.
 */
class backup_files {
    /** @var string[] conditions on {files} f by source */
    const AREAS = [
        'recyclebin' => "f.component = 'tool_recyclebin' AND f.filearea = 'recyclebin_coursecat' AND f.filename <> '.'
            AND f.filesize > 0",
        'filearea' => "f.filename <> '.' AND f.filesize > 0 AND f.referencefileid IS NULL
            AND f.component = 'backup' AND f.filearea IN ('course', 'automated')",
        // A user put these there: whoever made them could write any name and any date into them.
        'private' => "f.filename LIKE '%.mbz' AND f.filesize > 0 AND f.referencefileid IS NULL
            AND f.component = 'user' AND f.filearea IN ('backup', 'private', 'draft')",
    ];

    /**
     * The file that a restore asks for.
     *
     * @param string $ref as a search told it
     * @return backup_file
     * @throws refusal `backupnotfound`
     */
    public static function resolve(string $ref): backup_file {
        if (extraction\source::has($ref)) {
            return extraction\source::file($ref);
        }
        [$source, $name] = explode(':', $ref, 2) + ['', ''];
        $file = null;
        if ($source === 'recyclebin' && ctype_digit($name)) {
            $file = self::in_pool($source, 'b.id = :id', ['id' => (int) $name])[0] ?? null;
        } else if (isset(self::AREAS[$source]) && ctype_digit($name)) {
            $file = self::in_pool($source, 'f.id = :id', ['id' => (int) $name])[0] ?? null;
        } else if ($source === 'folder') {
            $file = self::of_folder($ref);
        }
        if ($file === null) {
            throw new refusal('backupnotfound', ['ref' => $ref]);
        }
        return $file;
    }

    /**
     * Files in Moodle's pool.
     *
     * @param string $source one of {@see self::AREAS}
     * @param string $where on {files} f, on {tool_recyclebin_category} b, and on the index i where it knows
     *     the file as it is
     * @param array $params
     * @return backup_file[]
     */
    public static function in_pool(string $source, string $where, array $params): array {
        global $DB;

        $bin = $source === 'recyclebin';
        if ($bin && !$DB->get_manager()->table_exists('tool_recyclebin_category')) {
            return [];
        }
        $more = $bin ? 'b.id AS named, b.categoryid AS bincategoryid, 0 AS keptby'
            : 'f.id AS named, 0 AS bincategoryid, CASE WHEN x.contextlevel = ' . CONTEXT_COURSE . ' THEN x.instanceid ELSE 0 END AS keptby';
        $rows = $DB->get_records_sql(
            "SELECT f.*, $more
               FROM {files} f
               " . ($bin ? 'JOIN {tool_recyclebin_category} b ON b.id = f.itemid' : 'LEFT JOIN {context} x ON x.id = f.contextid') . '
          LEFT JOIN {' . backup_index::TABLE . '} i ON i.fileid = f.id AND i.content = f.contenthash
              WHERE ' . self::AREAS[$source] . " AND $where
           ORDER BY f.id",
            $params
        );
        return array_map(static function ($row) use ($source) {
            $file = get_file_storage()->get_file_instance($row);
            $one = backup_file::stored($source . ':' . $row->named, $source, $file, (int) $row->bincategoryid);
            $one->keptby = (int) $row->keptby;
            return $one;
        }, array_values($rows));
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
     * A file in the folder, where the index knows its name; the whole folder is listed otherwise.
     *
     * @param string $ref
     * @return backup_file|null
     */
    public static function of_folder(string $ref): ?backup_file {
        global $DB;

        $name = $DB->get_field(backup_index::TABLE, 'filename', ['ref' => $ref, 'source' => 'folder']);
        foreach ([(string) $name === '' ? [] : [$name], null] as $names) {
            foreach (self::in_folder($names) as $one) {
                if ($one->ref === $ref) {
                    return $one;
                }
            }
        }
        return null;
    }

    /**
     * Files in the folder of automated backups: plain files directly in it, no links.
     *
     * A ref holds a hash of the name, so that it is short, and so that no path can be smuggled in.
     *
     * @param string[]|null $names only those
     * @return backup_file[]
     */
    public static function in_folder(?array $names = null): array {
        $folder = self::folder();
        $found = [];
        foreach ($folder === null ? [] : ($names ?? (scandir($folder) ?: [])) as $name) {
            $path = $folder . '/' . $name;
            if (strtolower(substr($name, -4)) === '.mbz' && is_file($path) && !is_link($path) && is_readable($path)) {
                $found[] = backup_file::in_folder('folder:' . substr(hash('sha256', $name), 0, 32), $path);
            }
        }
        return $found;
    }
}
