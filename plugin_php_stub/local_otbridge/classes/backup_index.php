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
 * The index of backup files.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use dml_exception;
use stdClass;

/**
 * Keeps what each backup file says of itself, so that a search opens none. A file that changed is read again.
 */
class backup_index {
    /** @var string */
    const TABLE = 'local_otbridge_backup';
    /** @var string[] the sources that the site itself fills */
    const OWN = ['recyclebin', 'folder', 'filearea'];
    /**
     * @var int seconds by which a folder must be older than its last listing, so that nothing was added in
     *     the same second
     */
    const SETTLED = 2;

    /**
     * What the index holds of a file.
     *
     * @param backup_file $file
     * @return array|null null: nothing, or of another content
     */
    public static function header(backup_file $file): ?array {
        global $DB;

        $row = $DB->get_record(self::TABLE, ['ref' => $file->ref, 'content' => $file->key()], 'id, problem, header');
        return $row ? self::told($row) : null;
    }

    /**
     * What a row says.
     *
     * @param stdClass $row
     * @return array
     */
    public static function told(stdClass $row): array {
        return (string) $row->problem !== '' ? ['problem' => $row->problem] : json::decode($row->header);
    }

    /**
     * Read a file into the index.
     *
     * @param backup_file $file
     * @param float $deadline see {@see backup_header::read()}
     * @return bool false: the deadline came first
     */
    public static function read(backup_file $file, float $deadline = 0): bool {
        global $DB;

        $header = backup_header::read($file, $deadline);
        if ($header === null) {
            return false;
        }
        $row = (object) [
            'ref' => $file->ref, 'source' => $file->source, 'content' => $file->key(), 'size' => $file->size,
            'filename' => \core_text::substr($file->filename, 0, 255), 'stored' => $file->timestored,
            'fileid' => is_string($file->content) ? 0 : (int) $file->content->get_id(),
            'deletedfrom' => $file->categoryid, 'keptby' => $file->keptby,
            'problem' => $header['problem'] ?? null, 'courseid' => $header['courseid'] ?? 0,
            'idnumber' => \core_text::substr($header['idnumber'] ?? '', 0, 100), 'timecreated' => $header['timecreated'] ?? 0,
            'shortkey' => self::key($header['shortname'] ?? ''), 'fullkey' => self::key($header['fullname'] ?? ''),
            'unpacked' => $header['unpacked'] ?? 0, 'header' => isset($header['problem']) ? null : json::encode($header),
        ];
        $row->id = $DB->get_field(self::TABLE, 'id', ['ref' => $file->ref]);
        try {
            $row->id ? $DB->update_record(self::TABLE, $row) : $DB->insert_record(self::TABLE, $row);
        } catch (dml_exception $error) {
            if (!$DB->record_exists(self::TABLE, ['ref' => $file->ref])) {
                throw $error; // Otherwise another process has read it meanwhile.
            }
        }
        return true;
    }

    /**
     * By which names that look alike are one.
     *
     * @param string $name
     * @return string
     */
    public static function key(string $name): string {
        return $name === '' ? '' : sha1(lookalikes::shape($name));
    }

    /**
     * Files that the index does not know as they are now.
     *
     * @param string[] $sources
     * @param bool $thoroughly whether each file of the folder is looked at, although nothing was put there
     *     since it was listed
     * @return backup_file[]
     */
    public static function pending(array $sources, bool $thoroughly = false): array {
        $found = [];
        foreach (array_diff($sources, ['folder']) as $source) {
            $found[] = backup_files::in_pool($source, 'i.id IS NULL', []);
        }
        if (in_array('folder', $sources, true) && ($thoroughly || !self::is_listed())) {
            $found[] = self::pending_in_folder();
        }
        return array_merge([], ...$found);
    }

    /**
     * Forget files that are gone.
     */
    public static function forget_gone(): void {
        global $DB;

        $there = array_flip(array_map(static function (backup_file $file): string {
            return $file->ref;
        }, backup_files::in_folder()));
        $gone = [];
        foreach ($DB->get_records(self::TABLE, ['source' => 'folder'], '', 'id, ref') as $row) {
            if (!isset($there[$row->ref])) {
                $gone[] = $row->id;
            }
        }
        $gone = array_merge($gone, $DB->get_fieldset_sql(
            'SELECT i.id FROM {' . self::TABLE . '} i LEFT JOIN {files} f ON f.id = i.fileid WHERE i.fileid <> 0 AND f.id IS NULL'
        ));
        foreach (array_chunk($gone, 1000) as $some) {
            $DB->delete_records_list(self::TABLE, 'id', $some);
        }
    }

    /**
     * Files of the folder that are new or were changed.
     *
     * @return backup_file[]
     */
    private static function pending_in_folder(): array {
        global $DB;

        $folder = backup_files::folder();
        $before = time();
        $known = $DB->get_records_menu(self::TABLE, ['source' => 'folder'], '', 'ref, content');
        $found = array_values(array_filter(backup_files::in_folder(), static function (backup_file $file) use ($known): bool {
            return ($known[$file->ref] ?? '') !== $file->key();
        }));
        if (!$found && $folder !== null) {
            set_config('folderlisted', $before . ' ' . $folder, 'local_otbridge');
        }
        return $found;
    }

    /**
     * Whether all files of the folder were in the index, and nothing was put there since.
     *
     * @return bool
     */
    private static function is_listed(): bool {
        $folder = backup_files::folder();
        if ($folder === null) {
            return true;
        }
        [$when, $which] = explode(' ', (string) get_config('local_otbridge', 'folderlisted'), 2) + ['', ''];
        clearstatcache(true, $folder);
        return $which === $folder && (int) filemtime($folder) + self::SETTLED < (int) $when;
    }
}
