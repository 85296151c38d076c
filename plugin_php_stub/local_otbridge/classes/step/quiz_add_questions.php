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
 * Step: add questions to a quiz.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\step;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->dirroot . '/mod/quiz/locallib.php');

use context;
use context_module;
use local_otbridge\change;
use local_otbridge\changes;
use local_otbridge\checking;
use local_otbridge\field;
use local_otbridge\kept_as_found;
use local_otbridge\kinds;
use local_otbridge\questions\bank;
use local_otbridge\refusal;
use local_otbridge\repeatable;
use local_otbridge\scope;
use local_otbridge\step;
use local_otbridge\work;
use stdClass;

/**
 * Adds questions to a quiz, and lets it count its marks anew: core leaves the sum as it was, and the first attempt fails.
 */
class quiz_add_questions extends step implements repeatable {
    use kept_as_found;

    /**
     * Parameters.
     *
     * @return field[]
     */
    public function schema(): array {
        return [
            'quiz' => field::record('cm', 'quiz'),
            'questions' => field::items(field::record('question'), 1, 2000),
            'maxmark' => field::decimal('0', '1000')->default(''),
        ];
    }

    /**
     * Results.
     *
     * @return string[]
     */
    public function results(): array {
        return ['count' => 'int', 'sumgrades' => 'text'];
    }

    /**
     * Capabilities.
     *
     * @return string[]
     */
    public function needs(): array {
        return ['mod/quiz:manage', 'moodle/question:useall'];
    }

    /**
     * Capabilities in their contexts: the quiz, and the banks that the questions are in.
     *
     * @param array $params
     * @param scope $scope
     * @return array
     */
    public function capabilities(array $params, scope $scope): array {
        $asked = [['mod/quiz:manage', $scope->context('cm', $params['quiz'])]];
        foreach (bank::contexts_of(self::known($params['questions'])) as $contextid) {
            $asked[] = ['moodle/question:useall', context::instance_by_id($contextid)];
        }
        return $asked;
    }

    /**
     * Slots are numbered.
     *
     * @param array $params
     * @return string[]
     */
    public function locks(array $params): array {
        return ['quiz' . $params['quiz']];
    }

    /**
     * Look for faults.
     *
     * @param array $params
     * @param checking $checking
     */
    public function check(array $params, checking $checking): void {
        global $DB;

        $quiz = is_int($params['quiz']) ? self::quiz($params['quiz']) : null;
        if ($quiz !== null && quiz_has_attempts($quiz->id)) {
            $checking->fault('quiz', 'quizattempted', ['name' => $quiz->name]);
        }
        $known = self::known($params['questions']);
        $there = $quiz === null ? [] : self::questions($quiz);
        $rows = $DB->get_records_list('question', 'id', $known, '', 'id, qtype, parent');
        foreach ($known as $index => $question) {
            // Core leaves out in silence what is there already.
            if (in_array($question, $there, true) || !$checking->claim('quiz.question.' . $params['quiz'], (string) $question)) {
                $checking->fault("questions[$index]", 'questiontwice', ['id' => $question]);
            }
            if ($rows[$question]->qtype === 'random' || (int) $rows[$question]->parent !== 0) {
                $checking->fault("questions[$index]", 'questionnotusable', ['id' => $question]);
            }
        }
    }

    /**
     * Add them.
     *
     * @param array $params
     * @param work $work
     * @return array
     */
    public function run(array $params, work $work): array {
        global $DB;

        $quiz = self::quiz($params['quiz']);
        $before = $DB->get_fieldset_select('quiz_slots', 'id', 'quizid = ?', [$quiz->id]);
        quiz_delete_previews($quiz); // They go on with the old questions.
        $mark = $params['maxmark'] === '' ? null : (float) $params['maxmark'];
        foreach ($params['questions'] as $question) {
            if (quiz_add_quiz_question($question, $quiz, 0, $mark) === false) {
                throw new refusal('questiontwice', ['id' => $question]);
            }
        }
        self::count($quiz);
        $slots = $DB->get_fieldset_select('quiz_slots', 'id', 'quizid = ?', [$quiz->id]);
        $work->remember(['slots' => array_map('intval', array_values(array_diff($slots, $before)))]);
        $sum = (string) (float) $DB->get_field('quiz', 'sumgrades', ['id' => $quiz->id]);
        return ['count' => count($slots) - count($before), 'sumgrades' => $sum];
    }

    /**
     * Attempts of people, and changes in the quiz.
     *
     * @param array $params
     * @param array $results
     * @param int $since
     * @param work $work
     * @return change|null
     */
    public function changed(array $params, array $results, int $since, work $work): ?change {
        global $DB;

        if (!kinds::exists('cm', $params['quiz'])) {
            return null;
        }
        $quiz = self::quiz($params['quiz']);
        $attempts = $DB->get_records('quiz_attempts', ['quiz' => $quiz->id, 'preview' => 0], 'timestart DESC', '*', 0, 1);
        $attempt = reset($attempts);
        if ($attempt) {
            return new change('quiz_attempts', (int) $attempt->timestart, (int) $attempt->userid);
        }
        return changes::in_context(context_module::instance($params['quiz']), $since);
    }

    /**
     * Take the slots out, the last first.
     *
     * @param array $params
     * @param array $results
     * @param work $work
     */
    public function undo(array $params, array $results, work $work): void {
        global $DB;

        $slots = $work->recall()['slots'] ?? [];
        if (!$slots || !kinds::exists('cm', $params['quiz'])) {
            return;
        }
        $quiz = self::quiz($params['quiz']);
        [$in, $values] = $DB->get_in_or_equal($slots);
        $left = $DB->get_fieldset_select('quiz_slots', 'slot', "id $in AND quizid = ?", array_merge($values, [$quiz->id]));
        rsort($left, SORT_NUMERIC);
        foreach ($left as $slot) {
            // Anew for each: a structure that has removed one does not know its slots any more.
            \mod_quiz\structure::create_for_quiz(self::settings($quiz))->remove_slot((int) $slot);
        }
        quiz_delete_previews($quiz);
        self::count($quiz);
    }

    /**
     * Whether all of them are in the quiz.
     *
     * @param array $params
     * @return array|null
     */
    public function find(array $params): ?array {
        global $DB;

        $known = self::known($params['questions']);
        if (!is_int($params['quiz']) || !$known || count($known) < count($params['questions'])) {
            return null;
        }
        $quiz = self::quiz($params['quiz']);
        if (array_diff($known, self::questions($quiz))) {
            return null;
        }
        $sum = (string) (float) $DB->get_field('quiz', 'sumgrades', ['id' => $quiz->id]);
        return ['count' => count($known), 'sumgrades' => $sum];
    }

    /**
     * Those of the questions that are there already.
     *
     * @param mixed $questions list, or a reference
     * @return int[] with their places in the list
     */
    private static function known($questions): array {
        return is_array($questions) ? array_filter($questions, 'is_int') : [];
    }

    /**
     * The quiz of a course module, with the field that core's functions want.
     *
     * @param int $cmid
     * @return stdClass
     */
    private static function quiz(int $cmid): stdClass {
        global $DB;

        $sql = 'SELECT m.* FROM {quiz} m JOIN {course_modules} c ON c.instance = m.id WHERE c.id = ?';
        $quiz = $DB->get_record_sql($sql, [$cmid], MUST_EXIST);
        $quiz->cmid = $cmid;
        return $quiz;
    }

    /**
     * Core's own object.
     *
     * @param stdClass $quiz
     * @return \mod_quiz\quiz_settings|\quiz
     */
    private static function settings(stdClass $quiz) {
        return class_exists('\mod_quiz\quiz_settings') ? \mod_quiz\quiz_settings::create($quiz->id) : \quiz::create($quiz->id);
    }

    /**
     * Sum the marks.
     *
     * @param stdClass $quiz
     */
    private static function count(stdClass $quiz): void {
        $settings = self::settings($quiz);
        if (method_exists($settings, 'get_grade_calculator')) {
            $settings->get_grade_calculator()->recompute_quiz_sumgrades();
        } else {
            quiz_update_sumgrades($quiz);
        }
    }

    /**
     * Questions that are in a quiz already, of each the newest version, or the one that the quiz holds on to.
     *
     * @param stdClass $quiz
     * @return int[]
     */
    private static function questions(stdClass $quiz): array {
        global $DB;

        if (!$DB->get_manager()->table_exists('question_references')) { // Before 4.0.
            return array_map('intval', $DB->get_fieldset_select('quiz_slots', 'questionid', 'quizid = ?', [$quiz->id]));
        }
        $sql = "SELECT v.questionid FROM {quiz_slots} s
                  JOIN {question_references} r ON r.itemid = s.id AND r.component = 'mod_quiz' AND r.questionarea = 'slot'
                  JOIN {question_versions} v ON v.questionbankentryid = r.questionbankentryid
                 WHERE s.quizid = ?";
        return array_map('intval', $DB->get_fieldset_sql($sql, [$quiz->id]));
    }
}
