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
 * The folder by which the helper on the server is asked for a course out of a whole-site backup.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\extraction;

use local_otbridge\json;

/**
 * Two folders: this site writes `requests` and reads `answers`, the helper (otbridge-extract) does it the other way round.
 *
 * Documents are written beside their name and moved there, so that nobody reads half of one.
 */
class spool {
    /** @var int bytes of the largest document that is read */
    const LARGEST = 1048576;
    /** @var int seconds after which a request is made anew: the helper forgets older ones a day later */
    const FORGOTTEN = 432000;

    /** @var string */
    private $folder;

    /**
     * Prepare.
     *
     * @param string $folder
     */
    private function __construct(string $folder) {
        $this->folder = $folder;
    }

    /**
     * The spool that the site's settings name.
     *
     * @return self|null null where there is none, or it cannot be used
     */
    public static function open(): ?self {
        $folder = rtrim((string) get_config('local_otbridge', 'extractionspool'), '/');
        $usable = $folder !== '' && $folder[0] === '/' && is_dir("$folder/answers") && is_writable("$folder/requests");
        return $usable ? new self($folder) : null;
    }

    /**
     * The key of a request: the same for everybody who wants this course out of this backup.
     *
     * @param string $backup key of the backup
     * @param int $courseid
     * @return string
     */
    public static function key(string $backup, int $courseid): string {
        return substr(hash('sha256', "$backup $courseid"), 0, 32);
    }

    /**
     * Path of the index that the helper keeps.
     *
     * @return string
     */
    public function index(): string {
        return $this->folder . '/answers/index.jsonl';
    }

    /**
     * What the helper said of itself last.
     *
     * @return array time (Unix seconds), room (bytes that an extraction may use); empty where it never spoke
     */
    public function status(): array {
        return $this->read('answers/status.json');
    }

    /**
     * What was answered to a request.
     *
     * @param string $key
     * @return array state (queued, working, done, failed) and more; empty where nothing was
     */
    public function answer(string $key): array {
        return $this->read("answers/$key.json");
    }

    /**
     * The extracted course.
     *
     * @param string $key
     * @return string|null its path, null while it is not there
     */
    public function file(string $key): ?string {
        $path = $this->folder . "/answers/$key.mbz";
        $done = ($this->answer($key)['state'] ?? '') === 'done';
        return $done && is_file($path) && !is_link($path) && is_readable($path) ? $path : null;
    }

    /**
     * The request of a key.
     *
     * @param string $key
     * @return array empty where there is none, or an old one
     */
    public function request(string $key): array {
        $made = (int) @filemtime($this->folder . "/requests/$key.json");
        return $made > time() - self::FORGOTTEN ? $this->read("requests/$key.json") : [];
    }

    /**
     * Ask for a course, unless somebody has done so.
     *
     * @param string $backup
     * @param int $courseid
     */
    public function ask(string $backup, int $courseid): void {
        $key = self::key($backup, $courseid);
        if ($this->request($key)) {
            return;
        }
        $request = [
            'version' => 1, 'key' => $key, 'backup' => $backup, 'course' => $courseid, 'asked' => bin2hex(random_bytes(8)),
        ];
        $part = $this->folder . "/requests/.$key." . getmypid();
        if (file_put_contents($part, json::encode($request)) === false || !rename($part, $this->folder . "/requests/$key.json")) {
            throw new \moodle_exception('cannotwritefile', 'error', '', $this->folder . '/requests');
        }
    }

    /**
     * No longer ask.
     *
     * @param string $key
     */
    public function withdraw(string $key): void {
        $path = $this->folder . "/requests/$key.json";
        if (is_file($path)) {
            unlink($path);
        }
    }

    /**
     * Read a document.
     *
     * @param string $name
     * @return array empty where there is none that can be read
     */
    private function read(string $name): array {
        $path = $this->folder . '/' . $name;
        if (is_link($path) || !is_readable($path)) {
            return [];
        }
        $found = json_decode((string) file_get_contents($path, false, null, 0, self::LARGEST), true);
        return is_array($found) ? $found : [];
    }
}
