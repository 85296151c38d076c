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
 * The question bank of a course.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\questions;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->libdir . '/questionlib.php');

use context;
use context_course;
use local_otbridge\activity;
use stdClass;

/**
 * Up to 4.5 a course has a bank of its own; from 5.0 on banks are activities, and a course has one that is its default.
 */
class bank {
    /** @var stdClass row of the course */
    private $course;
    /** @var int course module of the bank, when it had to be made */
    private $made = 0;

    /**
     * Prepare.
     *
     * @param stdClass $course
     */
    public function __construct(stdClass $course) {
        $this->course = $course;
    }

    /**
     * The context whose categories hold the questions; from 5.0 on the activity is made when there is none.
     *
     * @return context
     */
    public function context(): context {
        $helper = '\core_question\local\bank\question_bank_helper';
        if (!class_exists($helper) || !method_exists($helper, 'get_default_open_instance_system_type')) {
            return context_course::instance($this->course->id);
        }
        $bank = $helper::get_default_open_instance_system_type($this->course);
        if ($bank === null) {
            $bank = $helper::get_default_open_instance_system_type($this->course, true);
            $this->made = (int) $bank->id;
        }
        return \context_module::instance($bank->id);
    }

    /**
     * The activity that was made to be the bank.
     *
     * @return int course module, 0: none was
     */
    public function made(): int {
        return $this->made;
    }

    /**
     * Delete a bank that was made, unless somebody has put questions there.
     *
     * @param int $cmid
     */
    public static function delete(int $cmid): void {
        $context = \context_module::instance($cmid, IGNORE_MISSING);
        if (!$context) {
            return;
        }
        foreach (array_reverse(self::categories($context->id)) as $categoryid) {
            if (self::holds_questions($categoryid)) {
                return;
            }
        }
        activity::delete($cmid, false);
    }

    /**
     * A category of the bank, made when there is none.
     *
     * @param context $context
     * @param string $name empty: the default one
     * @return stdClass
     */
    public function category(context $context, string $name): stdClass {
        global $DB;

        if ($name === '') {
            return question_get_default_category($context->id, true) // The second parameter is new in 5.0.
                ?: question_make_default_categories([$context]);
        }
        $top = question_get_top_category($context->id, true);
        $where = ['contextid' => $context->id, 'parent' => $top->id, 'name' => $name];
        $found = $DB->get_records('question_categories', $where, 'id');
        return $found ? reset($found) : $this->add($context, (int) $top->id, $name);
    }

    /**
     * A category of the bank, as far as there is one; makes nothing.
     *
     * @param string $name
     * @return stdClass|null
     */
    public function find(string $name): ?stdClass {
        global $DB;

        $helper = '\core_question\local\bank\question_bank_helper';
        if (class_exists($helper) && method_exists($helper, 'get_default_open_instance_system_type')) {
            $bank = $helper::get_default_open_instance_system_type($this->course);
            $context = $bank === null ? null : \context_module::instance($bank->id);
        } else {
            $context = context_course::instance($this->course->id);
        }
        $top = $context === null ? false : question_get_top_category($context->id);
        if (!$top) {
            return null;
        }
        $found = $DB->get_records('question_categories', ['parent' => $top->id, 'name' => $name], 'id');
        return $found ? reset($found) : null;
    }

    /**
     * The questions of a category, each in its latest version.
     *
     * @param int $categoryid
     * @return array ids by {@see self::title()}
     */
    public static function questions(int $categoryid): array {
        global $DB;

        $sql = $DB->get_manager()->table_exists('question_bank_entries')
            ? 'SELECT q.id, q.name, q.qtype
                 FROM {question} q
                 JOIN {question_versions} v ON v.questionid = q.id
                 JOIN {question_bank_entries} e ON e.id = v.questionbankentryid
                WHERE e.questioncategoryid = ? AND q.parent = 0 AND v.version = (
                          SELECT MAX(o.version) FROM {question_versions} o WHERE o.questionbankentryid = e.id)
             ORDER BY q.id'
            : 'SELECT id, name, qtype FROM {question} WHERE category = ? AND parent = 0 ORDER BY id';
        $found = [];
        foreach ($DB->get_records_sql($sql, [$categoryid]) as $question) {
            $found[self::title($question)][] = (int) $question->id;
        }
        return $found;
    }

    /**
     * What a question is known by.
     *
     * @param stdClass $question
     * @return string
     */
    public static function title(stdClass $question): string {
        return $question->qtype . ' ' . trim($question->name);
    }

    /**
     * Ids of the categories of a context.
     *
     * @param int $contextid
     * @return int[]
     */
    public static function categories(int $contextid): array {
        global $DB;
        return array_map('intval', $DB->get_fieldset_select('question_categories', 'id', 'contextid = ?', [$contextid]));
    }

    /**
     * Whether a category holds neither questions nor categories.
     *
     * @param int $categoryid
     * @return bool
     */
    public static function is_empty(int $categoryid): bool {
        global $DB;

        return !$DB->record_exists('question_categories', ['parent' => $categoryid]) && !self::holds_questions($categoryid);
    }

    /**
     * Whether questions are in a category itself, also hidden ones.
     *
     * @param int $categoryid
     * @return bool
     */
    private static function holds_questions(int $categoryid): bool {
        global $DB;

        return self::has_entries()
            ? $DB->record_exists('question_bank_entries', ['questioncategoryid' => $categoryid])
            : $DB->record_exists('question', ['category' => $categoryid]);
    }

    /**
     * Whether questions have entries and versions. Asking core's manager of tables would load all of its generators of SQL.
     *
     * @return bool
     */
    private static function has_entries(): bool {
        global $CFG;
        return (int) $CFG->branch >= 400;
    }

    /**
     * Contexts of the banks that questions are in.
     *
     * @param int[] $questionids
     * @return int[] ids, each once
     */
    public static function contexts_of(array $questionids): array {
        global $DB;

        if (!$questionids) {
            return [];
        }
        [$in, $values] = $DB->get_in_or_equal($questionids);
        $sql = self::has_entries()
            ? "SELECT DISTINCT c.contextid FROM {question_categories} c
                 JOIN {question_bank_entries} e ON e.questioncategoryid = c.id
                 JOIN {question_versions} v ON v.questionbankentryid = e.id
                WHERE v.questionid $in"
            : "SELECT DISTINCT c.contextid FROM {question_categories} c JOIN {question} q ON q.category = c.id WHERE q.id $in";
        return array_map('intval', $DB->get_fieldset_sql($sql, $values));
    }

    /**
     * Add a category.
     *
     * @param context $context
     * @param int $parent
     * @param string $name
     * @return stdClass
     */
    private function add(context $context, int $parent, string $name): stdClass {
        global $DB;

        $category = (object) [
            'name' => $name, 'contextid' => $context->id, 'parent' => $parent, 'info' => '', 'infoformat' => FORMAT_HTML,
            'sortorder' => 999, 'stamp' => make_unique_id_code(), 'idnumber' => null,
        ];
        $category->id = $DB->insert_record('question_categories', $category);
        \core\event\question_category_created::create_from_question_category_instance($category, $context)->trigger();
        return $category;
    }
}
