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
        'badges' => ['~^badges\.xml$~', '<badge id='],
        'enrolments' => ['~^course/enrolments\.xml$~', '<enrolment id='],
        'grades' => ['~^(gradebook|activities/[^/]+/grades)\.xml$~', '<grade_grade id='],
        'attempts' => ['~^activities/((quiz)_\d+/quiz|(lesson)_\d+/lesson|(h5pactivity)_\d+/h5pactivity)\.xml$~', '<attempt id='],
    ];
    /** @var string[] what is named: pattern of the member's name, pattern of the names */
    const NAMES = [
        'activities' => ['~^moodle_backup\.xml$~', '~<modulename>([^<]+)</modulename>~'],
        'format' => ['~^course/course\.xml$~', '~<format>([^<]+)</format>~'],
        'customfields' => ['~^course/course\.xml$~', '~<customfield id="\d+">\s*<shortname>([^<]+)</shortname>~'],
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
        if (in_array($name, ['files.xml', 'questions.xml'], true)) {
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
        if ($name === 'course/enrolments.xml') {
            $this->take_methods($text);
        }
        if ($name === 'questions.xml') {
            $this->counts['questions'] = self::questions($text);
        }
        if ($name === 'files.xml') {
            $this->counts['files'] = substr_count($text, '<file id=') - substr_count($text, '<filename>.</filename>');
        }
    }

    /**
     * People by enrolment method, and the cohorts that methods follow.
     *
     * @param string $text
     */
    private function take_methods(string $text): void {
        foreach (array_slice(explode('<enrol id=', $text), 1) as $method) {
            $people = substr_count($method, '<enrolment id=');
            $off = strpos($method, '<status>1</status>') !== false && !$people; // Each course has some that nobody uses.
            if (!$off && preg_match('~<enrol>([^<]+)</enrol>~', $method, $name)) {
                $this->counts['methods'][$name[1]] = ($this->counts['methods'][$name[1]] ?? 0) + $people;
                if ($name[1] === 'cohort' && preg_match('~<customint1>(\d+)</customint1>~', $method, $cohort)) {
                    $this->counts['cohorts'][$cohort[1]] = $people;
                }
            }
        }
    }

    /**
     * Number of questions, without parts of others, random ones, and earlier versions.
     *
     * @param string $text
     * @return int
     */
    private static function questions(string $text): int {
        $found = 0;
        foreach (array_slice(preg_split('~<question_bank_entry id=|<question id=~', $text), 1) as $piece) {
            $found += (int) preg_match('~^"\d+">\s*<parent>0</parent>(?!.*?<qtype>random</qtype>)~s', $piece);
        }
        $entries = substr_count($text, '<question_bank_entry id=');
        if ($entries) { // Since Moodle 4.0 a question has versions, which belong to an entry of the bank.
            $found = 0;
            foreach (array_slice(explode('<question_bank_entry id=', $text), 1) as $entry) {
                $found += (int) preg_match('~<question id="\d+">\s*<parent>0</parent>~', $entry);
            }
        }
        return $found;
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
