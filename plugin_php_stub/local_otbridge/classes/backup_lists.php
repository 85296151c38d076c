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
 * What a backup holds, by its own lists.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

/**
 * Counts, while an archive is read through, what a restore may leave out.
 *
 * A member is not parsed but counted: Moodle writes every `<` of a text as `&lt;`, so that a tag is a tag.
 */
class backup_lists {
    /** @var int bytes of a member that is looked into */
    const MOST = 67108864;
    /** @var int names of a list that are kept */
    const MOST_NAMES = 200;
    /** @var string[] what is counted by a tag: pattern of the member's name, tag */
    const COUNTS = [
        'people' => ['~^users\.xml$~', '<user id='],
        'groups' => ['~^groups\.xml$~', '<group id='],
        'questions' => ['~^questions\.xml$~', '<question id='],
        'badges' => ['~^badges\.xml$~', '<badge id='],
        'enrolments' => ['~^course/enrolments\.xml$~', '<enrolment id='],
        'grades' => ['~^(gradebook|activities/[^/]+/grades)\.xml$~', '<grade_grade id='],
        'attempts' => ['~^activities/(quiz|scorm|lesson|h5pactivity)_\d+/[a-z0-9]+\.xml$~', '<attempt id='],
    ];
    /** @var string[] what is named: pattern of the member's name, pattern of the names */
    const NAMES = [
        'activities' => ['~^moodle_backup\.xml$~', '~<modulename>([^<]+)</modulename>~'],
        'format' => ['~^course/course\.xml$~', '~<format>([^<]+)</format>~'],
        'customfields' => ['~^course/course\.xml$~', '~<customfield id="\d+">\s*<shortname>([^<]+)</shortname>~'],
        'methods' => ['~^course/enrolments\.xml$~', '~<enrol>([^<]+)</enrol>~'],
        'roles' => ['~^roles\.xml$~', '~<shortname>([^<]+)</shortname>~'],
        'qtypes' => ['~^questions\.xml$~', '~<qtype>([^<]+)</qtype>~'],
        'blocks' => ['~^.*/blocks/[^/]+/block\.xml$~', '~<blockname>([^<]+)</blockname>~'],
    ];

    /** @var array */
    private $counts = [];

    /**
     * Whether a member is one to look into.
     *
     * @param string $name
     * @param int $size
     * @return bool
     */
    public function wants(string $name, int $size): bool {
        if ($name === 'files.xml') {
            return $size <= self::MOST;
        }
        foreach (self::COUNTS + self::NAMES as [$member]) {
            if (preg_match($member, $name)) {
                return $size <= self::MOST;
            }
        }
        return false;
    }

    /**
     * Look into a member.
     *
     * @param string $name
     * @param string $text
     */
    public function take(string $name, string $text): void {
        foreach (self::COUNTS as $what => [$member, $tag]) {
            if (preg_match($member, $name)) {
                $this->counts[$what] = ($this->counts[$what] ?? 0) + substr_count($text, $tag);
            }
        }
        foreach (self::NAMES as $what => [$member, $names]) {
            if (preg_match($member, $name)) {
                preg_match_all($names, $text, $found);
                foreach ($found[1] as $one) {
                    $one = html_entity_decode($one, ENT_QUOTES, 'UTF-8');
                    $this->counts[$what][$one] = ($this->counts[$what][$one] ?? 0) + 1;
                }
            }
        }
        if ($name === 'files.xml') {
            $this->counts['files'] = substr_count($text, '<file id=') - substr_count($text, '<filename>.</filename>');
        }
    }

    /**
     * What was counted; what the archive does not list is absent.
     *
     * @return array numbers, and name => number
     */
    public function told(): array {
        return array_map(static function ($one) {
            return is_array($one) ? array_slice($one, 0, self::MOST_NAMES, true) : $one;
        }, $this->counts);
    }
}
