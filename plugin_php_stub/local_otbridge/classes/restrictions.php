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
 * Restrictions of access within a course: who waits for whom.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

/**
 * Reads and writes the trees of conditions. Core checks their form only: a condition on what is not there, or on an element that
 * nobody can complete, shuts a thing for ever without a word.
 */
class restrictions {
    /**
     * The parameter that holds the conditions.
     *
     * @return field\items
     */
    public static function field(): field\items {
        return field::items(field::structure([
            'type' => field::choice(['completion', 'grade', 'group', 'grouping', 'date', 'profile']),
            'not' => field::bool()->default(false),
            'element' => elements::field()->default(null),
            'state' => field::choice(['complete', 'incomplete', 'pass', 'fail'])->default('complete'),
            'total' => field::bool()->default(false),
            'min' => field::decimal('0', '100')->default(''),
            'max' => field::decimal('0', '100')->default(''),
            'group' => field::record('group')->default(null),
            'grouping' => field::record('grouping')->default(null),
            'name' => field::text(254)->default(''),
            'from' => field::time()->default(0),
            'until' => field::time()->default(0),
            'field' => field::text(100)->default(''),
            'operator' => field::choice([
                'isequalto', 'contains', 'doesnotcontain', 'startswith', 'endswith', 'isempty', 'isnotempty',
            ])->default('isequalto'),
            'value' => field::text(255)->default(''),
        ]), 0, 20);
    }

    /**
     * Whether something waits for the completion of an element.
     *
     * @param \stdClass $cm
     * @return bool
     */
    public static function is_needed(\stdClass $cm): bool {
        global $DB;

        $criteria = ['course' => $cm->course, 'criteriatype' => 4, 'moduleinstance' => $cm->id];
        if ($DB->record_exists('course_completion_criteria', $criteria)) {
            return true;
        }
        foreach (self::trees((int) $cm->course) as $tree) {
            foreach (self::leaves($tree) as $leaf) {
                if (($leaf->type ?? '') === 'completion' && (int) ($leaf->cm ?? 0) === (int) $cm->id) {
                    return true;
                }
            }
        }
        return false;
    }

    /**
     * What each thing of a course waits for without an alternative.
     *
     * @param int $courseid
     * @return string[][] keys of elements (`cm7`) by those of elements and sections (`section3`, by its number)
     */
    public static function waiting(int $courseid): array {
        global $DB;

        $found = [];
        foreach (self::trees($courseid) as $key => $tree) {
            $found[$key] = self::demanded($tree);
        }
        $sql = 'SELECT c.id, s.section FROM {course_modules} c JOIN {course_sections} s ON s.id = c.section WHERE c.course = ?';
        foreach ($DB->get_records_sql_menu($sql, [$courseid]) as $id => $section) {
            $found["cm$id"][] = "section$section";
        }
        return $found;
    }

    /**
     * Whether a thing waits for itself.
     *
     * @param string[][] $waiting
     * @param string $start
     * @return bool
     */
    public static function loops(array $waiting, string $start): bool {
        $seen = [];
        $next = $waiting[$start] ?? [];
        while ($next) {
            $key = array_pop($next);
            if ($key === $start) {
                return true;
            }
            if (!isset($seen[$key])) {
                $seen[$key] = true;
                $next = array_merge($next, $waiting[$key] ?? []);
            }
        }
        return false;
    }

    /**
     * Trees of a course that can be read.
     *
     * @param int $courseid
     * @return \stdClass[] by key
     */
    private static function trees(int $courseid): array {
        global $DB;

        $texts = [];
        foreach ($DB->get_records('course_modules', ['course' => $courseid], '', 'id, availability') as $row) {
            $texts["cm$row->id"] = $row->availability;
        }
        foreach ($DB->get_records('course_sections', ['course' => $courseid], '', 'id, section, availability') as $row) {
            $texts["section$row->section"] = $row->availability;
        }
        return array_filter(array_map(static function ($text) {
            return (string) $text === '' ? null : json_decode($text);
        }, $texts), static function ($tree) {
            return $tree instanceof \stdClass;
        });
    }

    /**
     * All conditions of a tree.
     *
     * @param \stdClass $tree
     * @return \stdClass[]
     */
    private static function leaves(\stdClass $tree): array {
        if (!isset($tree->c)) {
            return [$tree];
        }
        return array_merge([], ...array_map([self::class, 'leaves'], $tree->c));
    }

    /**
     * Elements without whose completion, or grade, a tree never opens.
     *
     * @param \stdClass $tree
     * @return string[]
     */
    private static function demanded(\stdClass $tree): array {
        global $DB;

        if (isset($tree->c)) {
            $all = ($tree->op ?? '') === '&' || (($tree->op ?? '') === '|' && count($tree->c) === 1);
            return $all ? array_merge([], ...array_map([self::class, 'demanded'], $tree->c)) : [];
        }
        if (($tree->type ?? '') === 'completion' && (int) ($tree->e ?? 0) !== 0) {
            return ['cm' . (int) $tree->cm];
        }
        if (($tree->type ?? '') === 'grade') {
            $sql = "SELECT c.id FROM {grade_items} g JOIN {modules} m ON m.name = g.itemmodule
                      JOIN {course_modules} c ON c.module = m.id AND c.instance = g.iteminstance AND c.course = g.courseid
                     WHERE g.id = ? AND g.itemtype = 'mod'";
            return array_map(static function ($id) {
                return "cm$id";
            }, $DB->get_fieldset_sql($sql, [(int) $tree->id]));
        }
        return [];
    }

    /**
     * A condition as core keeps it.
     *
     * @param array $one as {@see self::field()} describes it, references replaced
     * @param int $courseid
     * @param bool $any whether it is one of alternatives
     * @return array[] one, or two for a date with both ends
     */
    public static function written(array $one, int $courseid, bool $any): array {
        $found = [];
        switch ($one['type']) {
            case 'completion':
                $state = ['incomplete' => 0, 'complete' => 1, 'pass' => 2, 'fail' => 3][$one['state']];
                $found[] = ['type' => 'completion', 'cm' => elements::find($courseid, $one['element']), 'e' => $state];
                break;
            case 'grade':
                $ends = array_map('floatval', array_filter(['min' => $one['min'], 'max' => $one['max']], 'strlen'));
                $found[] = ['type' => 'grade', 'id' => self::graded($one, $courseid)] + $ends;
                break;
            case 'group':
            case 'grouping':
                $id = $one[$one['type']] ?? self::named($one['type'], $courseid, $one['name']);
                $found[] = ['type' => $one['type'], 'id' => $id];
                break;
            case 'date':
                foreach (array_filter(['>=' => $one['from'], '<' => $one['until']]) as $sign => $time) {
                    $found[] = ['type' => 'date', 'd' => $sign, 't' => $time];
                }
                break;
            case 'profile':
                $own = self::is_own($one['field']);
                $found[] = ['type' => 'profile', ($own ? 'cf' : 'sf') => $one['field'], 'op' => $one['operator']]
                    + (in_array($one['operator'], ['isempty', 'isnotempty'], true) ? [] : ['v' => $one['value']]);
                break;
        }
        if ($one['not']) {
            return [['op' => '!&', 'c' => $found]];
        }
        return $any && count($found) > 1 ? [['op' => '&', 'c' => $found]] : $found;
    }

    /**
     * The item of grades that a condition looks at.
     *
     * @param array $one
     * @param int $courseid
     * @return int
     */
    private static function graded(array $one, int $courseid): int {
        if ($one['total']) {
            return (int) \grade_item::fetch_course_item($courseid)->id;
        }
        $item = elements::item(elements::row('cm' . elements::find($courseid, $one['element'])));
        if ($item === null) {
            throw new refusal('completionnograde', ['element' => $one['element']['name'], 'type' => '']);
        }
        return (int) $item->id;
    }

    /**
     * A group or grouping of a course by its name.
     *
     * @param string $kind
     * @param int $courseid
     * @param string $name
     * @return int 0: there is none, or several
     */
    public static function named(string $kind, int $courseid, string $name): int {
        global $DB;

        $found = $DB->get_fieldset_select(kinds::TABLES[$kind], 'id', 'courseid = ? AND name = ?', [$courseid, $name]);
        return count($found) === 1 ? (int) reset($found) : 0;
    }

    /**
     * Whether the site has a profile field of its own with that short name.
     *
     * @param string $name
     * @return bool
     */
    public static function is_own(string $name): bool {
        global $DB;
        return $DB->record_exists('user_info_field', ['shortname' => $name]);
    }
}
