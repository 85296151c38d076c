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
 * A zip file.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use ZipArchive;

/**
 * What Moodle writes where the site says `usezipbackups`, and what people make by hand.
 */
class archive_zip extends archive {
    /** @var backup_file */
    private $file;
    /** @var string */
    private $path;
    /** @var ZipArchive */
    private $zip;
    /** @var array the current member, as ZipArchive tells it */
    private $member = [];

    /**
     * Open.
     *
     * @param backup_file $file
     */
    public function __construct(backup_file $file) {
        $this->file = $file;
        $this->path = $file->local_path();
        $this->zip = new ZipArchive();
        if ($this->zip->open($this->path) !== true) {
            $file->release_path($this->path);
            throw new archive_fault('badarchive');
        }
    }

    /**
     * Let go of the file.
     */
    public function close(): void {
        $this->zip->close();
        $this->file->release_path($this->path);
    }

    /**
     * The members.
     *
     * @return \Generator
     */
    public function members(): \Generator {
        for ($index = 0; $index < $this->zip->numFiles; $index++) {
            $this->member = $this->zip->statIndex($index);
            if (substr($this->member['name'], -1) !== '/') {
                $before = $this->unpacked;
                yield self::safe($this->member['name']) => (int) $this->member['size'];
                if ($this->unpacked === $before) {
                    $this->count((int) $this->member['size']); // Nobody took it; so much it would be.
                }
            }
        }
    }

    /**
     * Pieces of the current member's content.
     *
     * @return \Generator
     */
    protected function pieces(): \Generator {
        $stream = $this->zip->getStream($this->member['name']);
        if (!$stream) {
            throw new archive_fault('badarchive');
        }
        $sum = hash_init('crc32b');
        $length = 0;
        while (($piece = @fread($stream, self::CHUNK)) !== false && $piece !== '') {
            hash_update($sum, $piece);
            $length += strlen($piece);
            $this->count(strlen($piece));
            yield $piece;
        }
        fclose($stream);
        if ($length !== (int) $this->member['size'] || hexdec(hash_final($sum)) !== ($this->member['crc'] & 0xffffffff)) {
            throw new archive_fault('badarchive');
        }
    }
}
