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
 * A backup file from its first to its last byte.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

/**
 * Goes through the members of a gzipped tar or a zip file. What is wrong with it comes out as {@see
 * archive_fault}.
 *
 * Core's own reader of gzipped tars takes the end of a file that was cut off, or whose check sum is wrong,
 * for the end of the archive, so that a part of the course would be lost without a word.
 */
abstract class archive {
    /** @var int bytes that are held at a time */
    const CHUNK = 65536;

    /** @var int bytes that were unpacked */
    public $unpacked = 0;
    /** @var callable|null called with the bytes unpacked so far; may throw */
    public $tick = null;

    /**
     * Open.
     *
     * @param backup_file $file
     * @return self
     * @throws archive_fault
     */
    public static function open(backup_file $file): self {
        return $file->starts_with("PK\x03\x04") ? new archive_zip($file) : new archive_tgz($file);
    }

    /**
     * Let go of the file.
     */
    abstract public function close(): void;

    /**
     * The members, one after the other: name => size in bytes, of files only. The content of one must be
     * taken, by {@see self::text()} or {@see self::save()}, before the next is asked for; what nobody takes
     * is passed over.
     *
     * @return \Generator
     * @throws archive_fault also at the very end, where the whole does not agree with its check sum
     */
    abstract public function members(): \Generator;

    /**
     * Pieces of the current member's content.
     *
     * @return \Generator of string
     */
    abstract protected function pieces(): \Generator;

    /**
     * The current member's content.
     *
     * @return string
     */
    public function text(): string {
        $text = '';
        foreach ($this->pieces() as $piece) {
            $text .= $piece;
        }
        return $text;
    }

    /**
     * Write the current member's content to a file.
     *
     * @param string $path
     * @return string its SHA-1
     */
    public function save(string $path): string {
        $handle = fopen($path, 'wb');
        if (!$handle) {
            throw new archive_fault('nodisk');
        }
        $hash = hash_init('sha1');
        try {
            foreach ($this->pieces() as $piece) {
                hash_update($hash, $piece);
                if (fwrite($handle, $piece) !== strlen($piece)) {
                    throw new archive_fault('nodisk');
                }
            }
        } finally {
            fclose($handle);
        }
        return hash_final($hash);
    }

    /**
     * Unpack all of it.
     *
     * @param string $folder
     * @throws archive_fault
     */
    public function unpack(string $folder): void {
        $made = [];
        foreach ($this->members() as $name => $size) {
            $place = dirname($folder . '/' . $name);
            if (!isset($made[$place])) {
                if (!check_dir_exists($place, true, true)) {
                    throw new archive_fault('nodisk');
                }
                $made[$place] = true;
            }
            $sha1 = $this->save($folder . '/' . $name);
            // Moodle keeps the files of a course under the digests of their content.
            if (preg_match('~^files/[0-9a-f]{2}/([0-9a-f]{40})$~', $name, $found) && $found[1] !== $sha1) {
                throw new archive_fault('badfile');
            }
        }
    }

    /**
     * Count what was unpacked.
     *
     * @param int $bytes
     */
    protected function count(int $bytes): void {
        $this->unpacked += $bytes;
        if ($this->tick !== null) {
            ($this->tick)($this->unpacked);
        }
    }

    /**
     * A member's name, which must lead nowhere but into the folder that is unpacked into.
     *
     * @param string $name
     * @return string
     */
    protected static function safe(string $name): string {
        $name = preg_replace('~^(\./)+~', '', $name);
        $steps = explode('/', $name);
        if ($name === '' || $name[0] === '/' || strpbrk($name, "\\\0:") !== false || array_intersect($steps, ['', '.', '..'])) {
            throw new archive_fault('badarchive');
        }
        return $name;
    }
}
