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
 * A gzipped tar, read once from its beginning to its end.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

/**
 * What Moodle itself writes.
 */
class archive_tgz extends archive {
    /** @var string a list that Moodle puts in front of the members */
    const INDEX = '.ARCHIVE_INDEX';
    /** @var int bytes of a block */
    const BLOCK = 512;

    /** @var resource */
    private $handle;
    /** @var int bytes of the current member that were not read yet */
    private $left = 0;
    /** @var int bytes that fill its last block */
    private $padding = 0;
    /** @var string what was read ahead */
    private $ahead = '';

    /**
     * Open.
     *
     * @param backup_file $file
     */
    public function __construct(backup_file $file) {
        $this->handle = $file->open_gz();
    }

    /**
     * Let go of the file.
     */
    public function close(): void {
        gzclose($this->handle);
    }

    /**
     * The members.
     *
     * @return \Generator
     */
    public function members(): \Generator {
        while (true) {
            $block = $this->take(self::BLOCK);
            if (trim($block, "\0") === '') {
                break; // Two such blocks end an archive; what follows is read for the check sum alone.
            }
            if (substr($block, 257, 5) !== 'ustar') {
                throw new archive_fault('badarchive');
            }
            $size = self::number(substr($block, 124, 12));
            $this->left = $size;
            $this->padding = (self::BLOCK - $size % self::BLOCK) % self::BLOCK;
            $prefix = rtrim(substr($block, 345, 155), "\0");
            $name = rtrim(substr($block, 0, 100), "\0");
            if (in_array($block[156], ['0', "\0"], true) && $name !== self::INDEX) {
                yield self::safe($prefix === '' ? $name : $prefix . '/' . $name) => $size;
            }
            foreach ($this->pieces() as $piece) {
                unset($piece); // Passed over.
            }
        }
        while ($this->more()) {
            $this->ahead = '';
        }
    }

    /**
     * Pieces of the current member's content.
     *
     * @return \Generator
     */
    protected function pieces(): \Generator {
        while ($this->left > 0) {
            $piece = $this->take(min($this->left, self::CHUNK), true);
            $this->left -= strlen($piece);
            yield $piece;
        }
        $this->take($this->padding);
        $this->padding = 0;
    }

    /**
     * Take bytes.
     *
     * @param int $length
     * @param bool $fewer whether fewer will do, but at least one
     * @return string
     */
    private function take(int $length, bool $fewer = false): string {
        while (strlen($this->ahead) < $length && !($fewer && $this->ahead !== '')) {
            if (!$this->more()) {
                throw new archive_fault('badarchive');
            }
        }
        $taken = substr($this->ahead, 0, $length);
        $this->ahead = (string) substr($this->ahead, strlen($taken));
        return $taken;
    }

    /**
     * Read on.
     *
     * @return bool false at the end
     */
    private function more(): bool {
        $read = @gzread($this->handle, self::CHUNK);
        if ($read === false || ($read === '' && !gzeof($this->handle))) {
            throw new archive_fault('badarchive');
        }
        $this->count(strlen($read));
        $this->ahead .= $read;
        return $read !== '';
    }

    /**
     * A size in a header: octal, or binary where it is very large.
     *
     * @param string $field twelve bytes
     * @return int
     */
    private static function number(string $field): int {
        if (ord($field[0]) & 0x80) {
            return max(0, (int) unpack('J', substr($field, 4))[1]);
        }
        return (int) octdec(trim($field, " \0"));
    }
}
