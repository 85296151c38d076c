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
 * What a backup file (.mbz) says of itself, read without unpacking it.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use SimpleXMLElement;
use stored_file;
use Throwable;
use ZipArchive;

/**
 * Reads the two small descriptions inside a backup: moodle_backup.xml and course/course.xml.
 *
 * Backups come from users, too, so sizes are limited and nothing is written to disk (but for zip files in a remote pool).
 */
class backup_header {
    /** @var int[] the descriptions, and how many bytes each may have */
    const MEMBERS = ['moodle_backup.xml' => 67108864, 'course/course.xml' => 16777216];

    /** @var string how a backup writes that a field has no value */
    const NULL_VALUE = '$@NULL@$';

    /**
     * Read a file, or remember what it held.
     *
     * @param backup_file $file
     * @return array either `problem` (string id of this plugin), or type, courseid, shortname, fullname, idnumber, categoryid,
     *     timecreated, users, siteurl, samesite
     */
    public static function of(backup_file $file): array {
        $cache = self::cache();
        $header = $cache->get($file->key());
        if (!is_array($header)) {
            $header = self::read($file);
            $cache->set($file->key(), $header);
        }
        return $header;
    }

    /**
     * Whether it is remembered what the file holds.
     *
     * @param backup_file $file
     * @return bool
     */
    public static function is_known(backup_file $file): bool {
        return is_array(self::cache()->get($file->key()));
    }

    /**
     * The cache.
     *
     * @return \cache_application
     */
    private static function cache() {
        return \cache::make('local_otbridge', 'backupheaders');
    }

    /**
     * Read a file.
     *
     * @param backup_file $file
     * @return array
     */
    private static function read(backup_file $file): array {
        try {
            $texts = $file->starts_with("PK\x03\x04") ? self::zip_members($file) : self::tgz_members($file);
        } catch (Throwable $error) {
            return ['problem' => 'badarchive']; // Whatever it was, it is one of many files that nobody asked for by name.
        }
        if (in_array(null, $texts, true)) {
            return ['problem' => 'toolarge'];
        }
        if (!isset($texts['moodle_backup.xml'])) {
            return ['problem' => 'nodescription'];
        }
        $backup = self::parse($texts['moodle_backup.xml']);
        $course = isset($texts['course/course.xml']) ? self::parse($texts['course/course.xml']) : null;
        if ($backup === null || !isset($backup->information)) {
            return ['problem' => 'badxml'];
        }
        return self::describe($backup->information, $course);
    }

    /**
     * The facts that a search needs.
     *
     * @param SimpleXMLElement $about
     * @param SimpleXMLElement|null $course
     * @return array
     */
    private static function describe(SimpleXMLElement $about, ?SimpleXMLElement $course): array {
        global $CFG;

        $users = false;
        foreach ($about->settings->setting ?? [] as $setting) {
            if ((string) $setting->level === 'root' && (string) $setting->name === 'users') {
                $users = (bool) (int) $setting->value;
            }
        }
        $site = (string) $about->original_site_identifier_hash;
        return [
            'type' => (string) ($about->details->detail->type ?? ''),
            'courseid' => (int) $about->original_course_id,
            'shortname' => (string) $about->original_course_shortname,
            'fullname' => (string) $about->original_course_fullname,
            'idnumber' => $course === null ? '' : str_replace(self::NULL_VALUE, '', (string) $course->idnumber),
            'categoryid' => $course === null ? 0 : (int) ($course->category['id'] ?? 0),
            'timecreated' => (int) $about->backup_date,
            'users' => $users,
            'siteurl' => (string) $about->original_wwwroot,
            'samesite' => $site !== '' ? $site === md5(get_site_identifier())
                : (string) $about->original_wwwroot === $CFG->wwwroot,
        ];
    }

    /**
     * Parse XML without a document type, so without entities of its own.
     *
     * @param string $text
     * @return SimpleXMLElement|null
     */
    private static function parse(string $text): ?SimpleXMLElement {
        if (stripos($text, '<!DOCTYPE') !== false) {
            return null;
        }
        $before = libxml_use_internal_errors(true);
        $parsed = simplexml_load_string($text, SimpleXMLElement::class, LIBXML_NONET);
        libxml_clear_errors();
        libxml_use_internal_errors($before);
        return $parsed === false ? null : $parsed;
    }

    /**
     * The descriptions in a gzipped tar; stops as soon as both are found.
     *
     * @param backup_file $file
     * @return array name => text, null for one that is too large
     */
    private static function tgz_members(backup_file $file): array {
        $handle = $file->open_gz();
        try {
            $found = [];
            while (count($found) < count(self::MEMBERS)) {
                $block = self::read_bytes($handle, 512, true);
                if ($block === '' || trim($block, "\0") === '') {
                    break;
                }
                if (substr($block, 257, 5) !== 'ustar') {
                    throw new \coding_exception('not a tar header');
                }
                $name = rtrim(substr($block, 0, 100), "\0");
                $prefix = rtrim(substr($block, 345, 155), "\0");
                $name = preg_replace('~^\./~', '', $prefix === '' ? $name : $prefix . '/' . $name);
                $size = self::tar_number(substr($block, 124, 12));
                $padded = (int) (ceil($size / 512) * 512);
                if (!isset(self::MEMBERS[$name]) || !in_array($block[156], ['0', "\0"], true)) {
                    self::skip($handle, $padded);
                } else if ($size > self::MEMBERS[$name]) {
                    $found[$name] = null;
                    self::skip($handle, $padded);
                } else {
                    $found[$name] = substr(self::read_bytes($handle, $padded), 0, $size);
                }
            }
            return $found;
        } finally {
            gzclose($handle);
        }
    }

    /**
     * A size in a tar header: octal, or binary where it is very large.
     *
     * @param string $field twelve bytes
     * @return int
     */
    private static function tar_number(string $field): int {
        if (ord($field[0]) & 0x80) {
            return (int) unpack('J', substr($field, 4))[1];
        }
        return (int) octdec(trim($field, " \0"));
    }

    /**
     * Read so many bytes.
     *
     * @param resource $handle
     * @param int $length
     * @param bool $endallowed whether there may be nothing left
     * @return string
     */
    private static function read_bytes($handle, int $length, bool $endallowed = false): string {
        $data = '';
        while (strlen($data) < $length && ($more = gzread($handle, $length - strlen($data))) !== false && $more !== '') {
            $data .= $more;
        }
        if (strlen($data) < $length && !($endallowed && $data === '')) {
            throw new \coding_exception('the archive is cut off');
        }
        return $data;
    }

    /**
     * Leave bytes out.
     *
     * @param resource $handle
     * @param int $length
     */
    private static function skip($handle, int $length): void {
        if ($length > 0 && gzseek($handle, $length, SEEK_CUR) !== 0) {
            throw new \coding_exception('the archive is cut off');
        }
    }

    /**
     * The descriptions in a zip file.
     *
     * @param backup_file $file
     * @return array name => text, null for one that is too large
     */
    private static function zip_members(backup_file $file): array {
        $path = $file->local_path();
        try {
            $archive = new ZipArchive();
            if ($archive->open($path) !== true) {
                throw new \coding_exception('not a zip file');
            }
            $found = [];
            foreach (self::MEMBERS as $name => $limit) {
                $entry = $archive->statName($name);
                if ($entry !== false) {
                    $found[$name] = $entry['size'] > $limit ? null : (string) $archive->getFromName($name);
                }
            }
            $archive->close();
            return $found;
        } finally {
            $file->release_path($path);
        }
    }
}
