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
 * Which courses are in which whole-site backups.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\extraction;

/**
 * Reads the helper's index: a line for its backups, and one for every course under each of its names.
 *
 * A line that cannot match is passed over without decoding it: thousands of courses take milliseconds.
 */
class index {
    /** @var int how many backups of one course are told at most, the newest */
    const MOST = 20;

    /** @var string */
    private $path;

    /**
     * Prepare.
     *
     * @param string $path
     */
    public function __construct(string $path) {
        $this->path = $path;
    }

    /**
     * The copies of courses that match.
     *
     * @param array $criteria courseid, idnumber, shortname, fullname: those that are given
     * @return array[] `backup` (key, name, taken, version, site, seconds, bytes) and `course` (id, shortname, fullname, idnumber,
     *     category, categoryname, filebytes), the newest backup first
     */
    public function find(array $criteria): array {
        $names = array_diff_key($criteria, ['courseid' => 1]);
        if (isset($criteria['courseid'])) {
            $names['id'] = $criteria['courseid'];
        }
        $needles = [];
        foreach ($names as $name => $value) {
            $needles[] = '"' . $name . '":' . self::encode($value) . ',';
        }
        $found = [];
        $head = null;
        foreach ($this->lines() as $line) {
            if ($head === null) {
                $head = json_decode($line, true);
                if (!is_array($head) || ($head['version'] ?? 0) !== 1) {
                    return [];
                }
                continue;
            }
            foreach ($needles as $needle) {
                if (strpos($line, $needle) === false) {
                    continue 2;
                }
            }
            $course = json_decode($line, true);
            if (is_array($course) && array_intersect_key($course, $names) == $names) {
                $found = array_merge($found, $this->copies($course, $head));
            }
        }
        usort($found, static function ($one, $other) {
            return $other['backup']['taken'] <=> $one['backup']['taken'];
        });
        return $found;
    }

    /**
     * One copy.
     *
     * @param string $backup key
     * @param int $courseid
     * @return array|null
     */
    public function get(string $backup, int $courseid): ?array {
        $head = null;
        foreach ($this->lines() as $line) {
            if ($head === null) {
                $head = json_decode($line, true);
                $place = array_search($backup, array_column((array) ($head['backups'] ?? []), 'key'), true);
                if ($place === false || ($head['version'] ?? 0) !== 1) {
                    return null;
                }
            } else if (strpos($line, '{"id":' . $courseid . ',') === 0) {
                $course = (array) json_decode($line, true);
                foreach ($course['runs'] as $run) {
                    if ($run[0] <= $place && $place <= $run[1]) {
                        return $this->copy($course, $head, $place);
                    }
                }
            }
        }
        return null;
    }

    /**
     * Names of courses, for look-alikes.
     *
     * @param int $most how many courses
     * @return string[]
     */
    public function names(int $most): array {
        $names = [];
        foreach ($this->lines() as $number => $line) {
            if ($number > $most) {
                break;
            }
            $course = $number ? json_decode($line, true) : null;
            if (is_array($course)) {
                array_push($names, $course['shortname'], $course['fullname'], $course['idnumber']);
            }
        }
        return $names;
    }

    /**
     * The newest copies of a course.
     *
     * @param array $course
     * @param array $head
     * @return array[]
     */
    private function copies(array $course, array $head): array {
        $copies = [];
        foreach (array_reverse($course['runs']) as $run) {
            for ($place = $run[1]; $place >= $run[0] && count($copies) < self::MOST; $place--) {
                $copies[] = $this->copy($course, $head, $place);
            }
        }
        return $copies;
    }

    /**
     * A copy, with what it will take.
     *
     * @param array $course
     * @param array $head
     * @param int $place
     * @return array
     */
    private function copy(array $course, array $head, int $place): array {
        $backup = $head['backups'][$place];
        $backup['seconds'] += (int) ceil($course['filebytes'] * $head['filesecond']);
        $backup['bytes'] += $course['filebytes'] * $head['filetimes'];
        return ['backup' => $backup, 'course' => $course];
    }

    /**
     * The lines.
     *
     * @return \Generator|string[]
     */
    private function lines(): \Generator {
        $handle = is_readable($this->path) ? fopen($this->path, 'rb') : false;
        while ($handle && ($line = fgets($handle)) !== false) {
            yield $line;
        }
        if ($handle) {
            fclose($handle);
        }
    }

    /**
     * A value as the helper writes it.
     *
     * @param int|string $value
     * @return string
     */
    private static function encode($value): string {
        return json_encode($value, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_LINE_TERMINATORS);
    }
}
