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
 * A backup file: what it is called outside, where it lies, and how to open it.
 *
 * @package    local_otbridge
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

/**
 * A file of the automated-backup folder or of Moodle's file storage.
 */
final class backup_file {
    /** @var string reference for the web service, empty for an uploaded file. */
    public $ref;
    /** @var string recyclebin, folder, filearea or draft. */
    public $source;
    /** @var string */
    public $filename;
    /** @var int bytes. */
    public $size;
    /** @var int category that the course was deleted from, 0 = not known. */
    public $categoryid;
    /** @var string key of the content: the same for the same content. */
    public $contentkey;
    /** @var string|null path of a file in the folder. */
    private $path;
    /** @var \stored_file|null file in Moodle's file storage. */
    private $file;

    /**
     * A file of the automated-backup folder.
     *
     * @param string $path
     * @return self
     */
    public static function in_folder(string $path): self {
        $backup = new self();
        $backup->ref = 'folder:' . basename($path);
        $backup->source = 'folder';
        $backup->filename = basename($path);
        $backup->size = (int) filesize($path);
        $backup->categoryid = 0;
        $backup->contentkey = sha1(implode("\n", [$path, $backup->size, (int) filemtime($path)]));
        $backup->path = $path;
        return $backup;
    }

    /**
     * A file of Moodle's file storage.
     *
     * @param \stored_file $file
     * @param string $ref
     * @param string $source
     * @param int $categoryid
     * @return self
     */
    public static function stored(\stored_file $file, string $ref, string $source, int $categoryid = 0): self {
        $backup = new self();
        $backup->ref = $ref;
        $backup->source = $source;
        $backup->filename = $file->get_filename();
        $backup->size = (int) $file->get_filesize();
        $backup->categoryid = $categoryid;
        $backup->contentkey = $file->get_contenthash();
        $backup->file = $file;
        return $backup;
    }

    /**
     * Extract the file, or some files of it.
     *
     * @param string $directory where to
     * @param string[]|null $only names of the files wanted, null = all
     * @param \file_progress|null $progress
     * @return bool whether the archive could be read
     */
    public function extract(string $directory, ?array $only = null, ?\file_progress $progress = null): bool {
        $path = $this->path;
        if ($this->file) {
            // Packers extract single files from a path only, not from a stored_file.
            $path = get_file_storage()->get_file_system()->get_local_path_from_storedfile($this->file, true);
        }
        return is_readable($path)
            && (bool) get_file_packer('application/vnd.moodle.backup')->extract_to_pathname($path, $directory, $only, $progress);
    }
}
