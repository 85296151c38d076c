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
 * Elements of a course as programs name them: by id, by ID number or by name.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

/**
 * Finds one element. What does not name exactly one is refused, for a restriction on a namesake would shut the wrong thing.
 */
class elements {
    /** @var string[] rule "handed in", "gone through", "taken": the field of the activity's own table, by its kind */
    const SUBMITTED = [
        'assign' => 'completionsubmit', 'choice' => 'completionsubmit', 'feedback' => 'completionsubmit',
        'survey' => 'completionsubmit', 'lesson' => 'completionendreached', 'quiz' => 'completionminattempts', 'forum' => 'completionposts',
        'glossary' => 'completionentries', 'data' => 'completionentries',
    ];

    /**
     * The parameter that names one.
     *
     * @return field\structure
     */
    public static function field(): field\structure {
        return field::structure([
            'cm' => field::record('cm')->default(null),
            'idnumber' => field::text(100)->default(''),
            'name' => field::text(1333)->default(''),
        ]);
    }

    /**
     * Find an element.
     *
     * @param int $courseid
     * @param array $named as {@see self::field()} describes it, references replaced
     * @param string $type kind of activity, empty: any
     * @return int id of the course module
     * @throws refusal `elementnotfound`, `elementambiguous`
     */
    public static function find(int $courseid, array $named, string $type = ''): int {
        $found = $alike = [];
        foreach (get_fast_modinfo($courseid)->get_cms() as $cm) {
            if ($cm->deletioninprogress || ($type !== '' && $cm->modname !== $type)) {
                continue;
            }
            if (self::is_named($cm, $named)) {
                $found[] = (int) $cm->id;
            } else if ($named['name'] !== '' && self::folded($cm->name) === self::folded($named['name'])) {
                $alike[] = $cm->name;
            }
        }
        if (count($found) === 1) {
            return $found[0];
        }
        $facts = ['element' => self::said($named)];
        if (!$found) {
            throw new refusal('elementnotfound', $facts + ['alike' => implode(', ', array_slice($alike, 0, 5))]);
        }
        throw new refusal('elementambiguous', $facts + ['ids' => implode(', ', $found)]);
    }

    /**
     * Find an element as far as it is there, and note what is wrong.
     *
     * @param mixed $course id or reference
     * @param array $named values may be references
     * @param string $param path of the parameter
     * @param checking $checking
     * @param string $type
     * @return string|null its key: `cm7`, or `$label.field` of one that is not there yet; null: cannot be told
     */
    public static function look($course, array $named, string $param, checking $checking, string $type = ''): ?string {
        if ($named['cm'] instanceof reference) {
            return self::key($named['cm']);
        }
        $given = count(array_filter([$named['cm'] !== null, $named['idnumber'] !== '', $named['name'] !== '']));
        if ($given !== 1) {
            $checking->fault($param, 'elementnamed');
            return null;
        }
        if (!is_int($course)) {
            $checking->fault($param, 'elementnotfound', ['element' => self::said($named), 'alike' => '']);
            return null;
        }
        try {
            return self::key(self::find($course, $named, $type));
        } catch (refusal $refusal) {
            $checking->fault($param, $refusal->errorcode, $refusal->facts);
            return null;
        }
    }

    /**
     * What an element is called while a program is checked.
     *
     * @param int|reference $cm
     * @return string
     */
    public static function key($cm): string {
        return is_int($cm) ? "cm$cm" : (string) $cm;
    }

    /**
     * The course module of a key.
     *
     * @param string|null $key
     * @return \stdClass|null with its `modname`; null: it is not there yet
     */
    public static function row(?string $key): ?\stdClass {
        global $DB;

        if ($key === null || !preg_match('/^cm(\d+)\z/', $key, $found)) {
            return null;
        }
        $sql = 'SELECT c.*, m.name AS modname FROM {course_modules} c JOIN {modules} m ON m.id = c.module WHERE c.id = ?';
        return $DB->get_record_sql($sql, [$found[1]]) ?: null;
    }

    /**
     * Name of an element.
     *
     * @param \stdClass $cm with its `modname`
     * @return string
     */
    public static function name(\stdClass $cm): string {
        global $DB;
        return (string) $DB->get_field($cm->modname, 'name', ['id' => $cm->instance]);
    }

    /**
     * The item that an element is graded in.
     *
     * @param \stdClass $cm with its `modname`
     * @return \stdClass|null row of grade_items
     */
    public static function item(\stdClass $cm): ?\stdClass {
        global $DB;

        return $DB->get_record('grade_items', [
            'courseid' => $cm->course, 'itemtype' => 'mod', 'itemmodule' => $cm->modname, 'iteminstance' => $cm->instance,
            'itemnumber' => 0,
        ]) ?: null;
    }

    /**
     * What a program calls an element.
     *
     * @param array $named
     * @return string
     */
    private static function said(array $named): string {
        return $named['name'] !== '' ? $named['name'] : ($named['idnumber'] !== '' ? $named['idnumber'] : (string) $named['cm']);
    }

    /**
     * Whether an element is the named one.
     *
     * @param \cm_info $cm
     * @param array $named
     * @return bool
     */
    private static function is_named(\cm_info $cm, array $named): bool {
        if ($named['cm'] !== null) {
            return (int) $cm->id === $named['cm'];
        }
        return $named['idnumber'] !== '' ? (string) $cm->idnumber === $named['idnumber'] : trim($cm->name) === $named['name'];
    }

    /**
     * What names have in common that people do not tell apart.
     *
     * @param string $name
     * @return string
     */
    private static function folded(string $name): string {
        return str_replace('ё', 'е', \core_text::strtolower(trim(preg_replace('/\s+/u', ' ', $name))));
    }
}
