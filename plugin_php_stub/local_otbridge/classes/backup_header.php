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
 * What is written inside a backup file about itself.
 *
 * @package    local_otbridge
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

defined('MOODLE_INTERNAL') || die();

global $CFG;
require_once($CFG->dirroot . '/backup/util/includes/backup_includes.php');
require_once($CFG->dirroot . '/backup/util/includes/restore_includes.php');

/**
 * Header of a backup. File names can be configured, so only this tells what is in a file.
 */
final class backup_header {
    /** @var string[] files inside the backup that hold it. */
    private const FILES = ['moodle_backup.xml', 'course/course.xml'];

    /** @var string empty, or why the file is no course backup that can be read. */
    public $problem = '';
    /** @var bool it is a readable backup, but of an activity or a section. */
    public $partial = false;
    /** @var int original id of the course. */
    public $courseid = 0;
    /** @var string */
    public $idnumber = '';
    /** @var string */
    public $shortname = '';
    /** @var string */
    public $fullname = '';
    /** @var bool users' data are in it. */
    public $users = false;
    /** @var int moment of the backup. */
    public $timecreated = 0;
    /** @var int category of the course at that moment, 0 = not known. */
    public $categoryid = 0;

    /**
     * The header of a file, from the cache when its content was read before.
     *
     * @param backup_file $file
     * @return self
     */
    public static function of(backup_file $file): self {
        $cached = self::cached($file);
        if ($cached) {
            return $cached;
        }
        $directory = 'otbridge_' . random_string(20);
        $path = make_backup_temp_directory($directory);
        try {
            $file->extract($path, self::FILES);
            $header = self::in_directory($directory);
        } finally {
            remove_dir($path);
        }
        \cache::make('local_otbridge', 'backupheaders')->set($file->contentkey, (array) $header);
        return $header;
    }

    /**
     * The header of a file whose content was read before.
     *
     * @param backup_file $file
     * @return self|null
     */
    public static function cached(backup_file $file): ?self {
        $values = \cache::make('local_otbridge', 'backupheaders')->get($file->contentkey);
        if ($values === false) {
            return null;
        }
        $header = new self();
        foreach ($values as $name => $value) {
            $header->$name = $value;
        }
        return $header;
    }

    /**
     * The header of an extracted backup.
     *
     * @param string $directory name below Moodle's directory for backups
     * @return self
     */
    public static function in_directory(string $directory): self {
        $header = new self();
        $path = make_backup_temp_directory($directory);
        if (!is_readable("$path/moodle_backup.xml")) {
            $header->problem = 'there is no moodle_backup.xml in it';
            return $header;
        }
        try {
            $info = \backup_general_helper::get_backup_information($directory);
        } catch (\Throwable $problem) {
            $header->problem = 'moodle_backup.xml cannot be read';
            return $header;
        }
        if ($info->type !== \backup::TYPE_1COURSE) {
            $header->problem = 'it is the backup of a part of a course (' . $info->type . ')';
            $header->partial = true;
            return $header;
        }
        $header->courseid = (int) $info->original_course_id;
        $header->shortname = (string) $info->original_course_shortname;
        $header->fullname = (string) $info->original_course_fullname;
        $header->users = !empty($info->root_settings['users']);
        $header->timecreated = (int) $info->backup_date;
        $header->read_course("$path/course/course.xml");
        return $header;
    }

    /**
     * Read what only course/course.xml tells.
     *
     * @param string $path
     */
    private function read_course(string $path): void {
        $before = libxml_use_internal_errors(true);
        $course = is_readable($path) ? simplexml_load_string(file_get_contents($path), \SimpleXMLElement::class, LIBXML_NONET) : false;
        libxml_clear_errors();
        libxml_use_internal_errors($before);
        if ($course) {
            $this->idnumber = (string) $course->idnumber;
            $this->categoryid = isset($course->category) ? (int) $course->category['id'] : 0;
        }
    }
}
