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
 * A backup file, wherever it is kept.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use stored_file;

/**
 * A file in Moodle's pool or in the folder of automated backups.
 */
class backup_file {
    /** @var string opaque name, by which a restore asks for it */
    public $ref;
    /** @var string recyclebin, folder, filearea, private or draft */
    public $source;
    /** @var string */
    public $filename;
    /** @var int bytes */
    public $size;
    /** @var int when it was stored, Unix seconds */
    public $timestored;
    /** @var int category that the course was deleted from, 0 = not known */
    public $categoryid;
    /** @var int course in whose backup area it lies, 0 = none */
    public $keptby = 0;
    /** @var stored_file|string the file in the pool, or a path */
    public $content;

    /**
     * A file in the pool.
     *
     * @param string $ref
     * @param string $source
     * @param stored_file $file
     * @param int $categoryid
     * @return self
     */
    public static function stored(string $ref, string $source, stored_file $file, int $categoryid = 0): self {
        $one = new self();
        $one->ref = $ref;
        $one->source = $source;
        $one->filename = $file->get_filename();
        $one->size = (int) $file->get_filesize();
        $one->timestored = (int) $file->get_timecreated();
        $one->categoryid = $categoryid;
        $one->content = $file;
        return $one;
    }

    /**
     * A file that a program brings.
     *
     * @param stored_file $file
     * @param string $name its name: the stored file bears its digest
     * @return self
     */
    public static function brought(stored_file $file, string $name): self {
        $one = self::stored('', 'draft', $file);
        $one->filename = $name;
        return $one;
    }

    /**
     * A file in the folder.
     *
     * @param string $ref
     * @param string $path
     * @return self
     */
    public static function in_folder(string $ref, string $path): self {
        $one = new self();
        $one->ref = $ref;
        $one->source = 'folder';
        $one->filename = fix_utf8(basename($path));
        $one->size = (int) filesize($path);
        $one->timestored = (int) filemtime($path);
        $one->categoryid = 0;
        $one->content = $path;
        return $one;
    }

    /**
     * The same for the same content, as far as can be told without reading it.
     *
     * @return string letters and digits
     */
    public function key(): string {
        return is_string($this->content)
            ? sha1($this->content . '|' . $this->size . '|' . $this->timestored)
            : $this->content->get_contenthash();
    }

    /**
     * Whether the file begins with these bytes.
     *
     * @param string $magic
     * @return bool
     */
    public function starts_with(string $magic): bool {
        $handle = is_string($this->content) ? fopen($this->content, 'rb') : $this->content->get_content_file_handle();
        if (!$handle) {
            return false;
        }
        $head = fread($handle, strlen($magic));
        fclose($handle);
        return $head === $magic;
    }

    /**
     * Open the file for reading through gzip.
     *
     * @return resource
     */
    public function open_gz() {
        $handle = is_string($this->content)
            ? gzopen($this->content, 'rb')
            : $this->content->get_content_file_handle(stored_file::FILE_HANDLE_GZOPEN);
        if (!$handle) {
            throw new \coding_exception('the file cannot be opened');
        }
        return $handle;
    }

    /**
     * A path under which the file can be read; give it back by {@see self::release_path()}.
     *
     * @return string
     */
    public function local_path(): string {
        return is_string($this->content) ? $this->content : (string) $this->content->copy_content_to_temp();
    }

    /**
     * Delete the copy that {@see self::local_path()} may have made.
     *
     * @param string $path
     */
    public function release_path(string $path): void {
        if (!is_string($this->content) && is_file($path)) {
            unlink($path);
        }
    }
}
