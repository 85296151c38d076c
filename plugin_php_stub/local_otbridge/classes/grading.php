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
 * What the steps on grades have in common.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->libdir . '/gradelib.php');
require_once($GLOBALS['CFG']->libdir . '/mathslib.php');

/**
 * Ways of aggregation, and formulas. Core stores a formula that fails at the next look at the grades, takes the first of two items
 * with one ID number, and finds no circles.
 */
class grading {
    /** @var int[] core's numbers */
    const AGGREGATIONS = [
        'mean' => 0, 'median' => 2, 'lowest' => 4, 'highest' => 6, 'mode' => 8, 'weighted' => 10, 'simpleweighted' => 11,
        'natural' => 13,
    ];

    /**
     * Look at a formula.
     *
     * @param mixed $course id or reference
     * @param string $formula `=[[a]]*0.4`, with commas between arguments and dots in numbers
     * @param string $self key of the item that it is for: `item7`, or `idnumber:x` of one that is not there yet
     * @param string $param
     * @param checking $checking
     */
    public static function look_at_formula($course, string $formula, string $self, string $param, checking $checking): void {
        if (strncmp($formula, '=', 1) !== 0) {
            $checking->fault($param, 'formulabad', ['formula' => $formula, 'why' => '=']);
            return;
        }
        preg_match_all('/\[\[([^\[\]]+)\]\]/u', $formula, $found);
        $needs = [];
        $values = [];
        $text = $formula;
        foreach (array_values(array_unique($found[1])) as $index => $number) {
            $keys = self::keys($course, $number, $checking);
            if (count($keys) !== 1) {
                $checking->fault($param, $keys ? 'formulaambiguous' : 'formulaunknown', ['idnumber' => $number]);
                return;
            }
            $needs[] = $keys[0];
            $text = str_replace("[[$number]]", "gi$index", $text);
            $values["gi$index"] = 7 + $index;
        }
        $calculation = new \calc_formula($text);
        $calculation->set_params($values);
        if ($calculation->evaluate() === false) {
            $checking->fault($param, 'formulabad', ['formula' => $formula, 'why' => (string) $calculation->get_error()]);
            return;
        }
        $waiting = $checking->plans('formula') + (is_int($course) ? self::dependencies($course) : []);
        $waiting[$self] = $needs;
        $checking->plan('formula', $self, $needs);
        if (restrictions::loops($waiting, $self)) {
            $checking->fault($param, 'formulaloop', ['formula' => $formula]);
        }
    }

    /**
     * Items of an ID number, also those that the program makes.
     *
     * @param mixed $course
     * @param string $number
     * @param checking $checking
     * @return string[] keys
     */
    private static function keys($course, string $number, checking $checking): array {
        global $DB;

        $found = [];
        if (is_int($course)) {
            foreach ($DB->get_fieldset_select('grade_items', 'id', 'courseid = ? AND idnumber = ?', [$course, $number]) as $id) {
                $found[] = "item$id";
            }
        }
        return isset($checking->plans('gradenumber')[$number]) ? array_merge($found, ["idnumber:$number"]) : $found;
    }

    /**
     * What each calculated item of a course is calculated from.
     *
     * @param int $course
     * @return string[][] keys by key
     */
    private static function dependencies(int $course): array {
        global $DB;

        $found = [];
        $select = "courseid = ? AND calculation IS NOT NULL AND calculation <> ''";
        foreach ($DB->get_records_select_menu('grade_items', $select, [$course], '', 'id, calculation') as $id => $text) {
            preg_match_all('/##gi(\d+)##/', $text, $ids);
            $found["item$id"] = array_map(static function ($one) {
                return "item$one";
            }, $ids[1]);
        }
        return $found;
    }

    /**
     * Look whether an ID number is free, and keep it.
     *
     * @param mixed $course
     * @param mixed $number
     * @param checking $checking
     * @param int $self id of the item that may have it
     */
    public static function look_at_number($course, $number, checking $checking, int $self = 0): void {
        global $DB;

        if (!is_string($number) || $number === '') {
            return;
        }
        if (preg_match('/[\[\]]/', $number)) {
            $checking->fault('idnumber', 'parampattern', ['value' => $number, 'pattern' => '/^[^\[\]]*\z/']);
            return;
        }
        $taken = is_int($course) && (
            $DB->record_exists_select('grade_items', 'courseid = ? AND idnumber = ? AND id <> ?', [$course, $number, $self])
            || (!$self && $DB->record_exists('course_modules', ['course' => $course, 'idnumber' => $number])));
        if ($taken || !$checking->claim("module.idnumber.$course", $number)) {
            $checking->fault('idnumber', 'idnumbertaken', ['idnumber' => $number]);
        }
        $checking->plan('gradenumber', $number, true);
    }

    /**
     * Look whether a grade to pass can be reached.
     *
     * @param string $pass
     * @param string $max
     * @param checking $checking
     */
    public static function look_at_pass(string $pass, string $max, checking $checking): void {
        if ($pass !== '' && $max !== '' && (float) $pass > (float) $max) {
            $checking->fault('gradepass', 'paramrange', ['value' => $pass, 'min' => '0', 'max' => $max]);
        }
    }

    /**
     * Look whether a weight counts: in a weighted mean alone.
     *
     * @param string $weight
     * @param mixed $category id, reference, or null for the course's own
     * @param mixed $course
     * @param checking $checking
     */
    public static function look_at_weight(string $weight, $category, $course, checking $checking): void {
        global $DB;

        if ($weight === '') {
            return;
        }
        $planned = $checking->planned($category, 'grade.create_category');
        if ($planned !== null) {
            $aggregation = self::AGGREGATIONS[$planned['aggregation']];
        } else if (is_int($category)) {
            $aggregation = $DB->get_field('grade_categories', 'aggregation', ['id' => $category]);
        } else {
            $own = ['courseid' => is_int($course) ? $course : 0, 'depth' => 1];
            $aggregation = $checking->plans('total')[(string) $course] ?? $DB->get_field('grade_categories', 'aggregation', $own);
        }
        if ((int) $aggregation !== self::AGGREGATIONS['weighted'] || $aggregation === false) {
            $checking->fault('weight', 'weightunused');
        }
    }
}
