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
 * What a backup file (.mbz) says of itself, read without unpacking it to disk.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use SimpleXMLElement;
use Throwable;

/**
 * Reads a backup through from end to end: what it describes, what it holds, and whether it is whole.
 *
 * Backups come from users, too, so sizes are limited and nothing is written to disk (but for zip files in a
 * remote pool).
 */
class backup_header {
    /** @var int[] descriptions without which nothing can be said, and how many bytes each may have */
    const MEMBERS = ['moodle_backup.xml' => 67108864, 'course/course.xml' => 16777216];

    /** @var string how a backup writes that a field has no value */
    const NULL_VALUE = '$@NULL@$';

    /**
     * What a file says, out of the index, out of the cache, or read.
     *
     * @param backup_file $file
     * @return array either `problem` (string id of this plugin), or type, courseid, shortname, fullname,
     *     idnumber, categoryid,
     *     category (its name), timecreated, users, siteurl, samesite, unpacked (bytes), lists ({@see backup_lists})
     */
    public static function of(backup_file $file): array {
        $header = $file->ref === '' ? null : backup_index::header($file);
        if ($header === null) {
            $cache = \cache::make('local_otbridge', 'backupheaders');
            $header = $cache->get($file->key());
            if (!is_array($header)) {
                $header = self::read($file);
                $cache->set($file->key(), $header);
            }
        }
        return self::here($header);
    }

    /**
     * Read a file.
     *
     * @param backup_file $file
     * @param float $deadline seconds of the clock at which reading ends; 0: never
     * @return array|null as {@see self::of()}, but `site` in the place of `samesite`; null: the deadline came
     *     first
     */
    public static function read(backup_file $file, float $deadline = 0): ?array {
        $archive = null;
        try {
            $archive = archive::open($file);
            $archive->tick = static function () use ($deadline) {
                if ($deadline && microtime(true) > $deadline) {
                    throw new archive_fault('deadline');
                }
            };
            return self::read_members($archive);
        } catch (archive_fault $fault) {
            return $fault->problem === 'deadline' ? null : ['problem' => $fault->problem];
        } catch (Throwable $error) {
            return ['problem' => 'badarchive']; // Whatever it was, it is one of many files that nobody asked for by name.
        } finally {
            if ($archive !== null) {
                $archive->close();
            }
        }
    }

    /**
     * With what only this site can say of it.
     *
     * @param array $header as {@see self::read()} gave it
     * @return array
     */
    public static function here(array $header): array {
        global $CFG;

        if (!isset($header['problem'])) {
            $header['samesite'] = $header['site'] !== '' ? $header['site'] === md5(get_site_identifier())
                : $header['siteurl'] === $CFG->wwwroot;
        }
        return $header;
    }

    /**
     * Go through the members.
     *
     * @param archive $archive
     * @return array
     */
    private static function read_members(archive $archive): array {
        $lists = new backup_lists();
        $texts = [];
        foreach ($archive->members() as $name => $size) {
            if (isset(self::MEMBERS[$name])) {
                if ($size > self::MEMBERS[$name]) {
                    return ['problem' => 'toolarge'];
                }
                $texts[$name] = $archive->text();
                $lists->take($name, $texts[$name]);
            } else if ($lists->wants($name, $size)) {
                $lists->take($name, $archive->text());
            }
        }
        if (!isset($texts['moodle_backup.xml'])) {
            return ['problem' => 'nodescription'];
        }
        $backup = self::parse($texts['moodle_backup.xml']);
        $course = isset($texts['course/course.xml']) ? self::parse($texts['course/course.xml']) : null;
        if ($backup === null || !isset($backup->information)) {
            return ['problem' => 'badxml'];
        }
        return self::describe($backup->information, $course) + ['unpacked' => $archive->unpacked, 'lists' => $lists->told()];
    }

    /**
     * The facts that a search needs.
     *
     * @param SimpleXMLElement $about
     * @param SimpleXMLElement|null $course
     * @return array
     */
    private static function describe(SimpleXMLElement $about, ?SimpleXMLElement $course): array {
        $users = false;
        foreach ($about->settings->setting ?? [] as $setting) {
            if ((string) $setting->level === 'root' && (string) $setting->name === 'users') {
                $users = (bool) (int) $setting->value;
            }
        }
        return [
            'type' => (string) ($about->details->detail->type ?? ''),
            'courseid' => (int) $about->original_course_id,
            'shortname' => (string) $about->original_course_shortname,
            'fullname' => (string) $about->original_course_fullname,
            'idnumber' => $course === null ? '' : str_replace(self::NULL_VALUE, '', (string) $course->idnumber),
            'categoryid' => $course === null ? 0 : (int) ($course->category['id'] ?? 0),
            'category' => $course === null ? '' : (string) ($course->category->name ?? ''),
            'timecreated' => (int) $about->backup_date,
            'users' => $users,
            'siteurl' => (string) $about->original_wwwroot,
            'site' => (string) $about->original_site_identifier_hash,
        ];
    }

    /**
     * Parse XML without a document type, so without entities of its own.
     *
     * @param string $text
     * @return SimpleXMLElement|null
     */
    public static function parse(string $text): ?SimpleXMLElement {
        if (stripos($text, '<!DOCTYPE') !== false) {
            return null;
        }
        $before = libxml_use_internal_errors(true);
        $parsed = simplexml_load_string($text, SimpleXMLElement::class, LIBXML_NONET);
        libxml_clear_errors();
        libxml_use_internal_errors($before);
        return $parsed === false ? null : $parsed;
    }
}
