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
 * Step: add a page to a lesson.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\step;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->dirroot . '/mod/lesson/locallib.php');

use context_module;
use lesson;
use lesson_page;
use local_otbridge\change;
use local_otbridge\changes;
use local_otbridge\checking;
use local_otbridge\field;
use local_otbridge\kinds;
use local_otbridge\repeatable;
use local_otbridge\scope;
use local_otbridge\step;
use local_otbridge\work;
use stdClass;

/**
 * Adds a page at the end of a lesson: content with buttons, or a question.
 */
class lesson_add_page extends step implements repeatable {
    /** @var int[] kinds of pages as core numbers them */
    const TYPES = ['content' => 20, 'truefalse' => 2, 'multichoice' => 3];
    /** @var int[] where an answer leads */
    const JUMPS = ['this' => 0, 'next' => -1, 'end' => -9, 'previous' => -40];

    /**
     * Parameters.
     *
     * @return field[]
     */
    public function schema(): array {
        return [
            'lesson' => field::record('cm', 'lesson'),
            'title' => field::text(255)->filled(),
            'contenthtml' => field::html()->filled(),
            'type' => field::choice(array_keys(self::TYPES)),
            'answers' => field::items(field::structure([
                'texthtml' => field::html()->filled(),
                'responsehtml' => field::html()->default(''),
                'correct' => field::bool()->default(false),
                'score' => field::int(0, 1000)->default(null),
                'jump' => field::choice(array_keys(self::JUMPS))->default(null),
            ]), 1, 20),
        ];
    }

    /**
     * Results.
     *
     * @return string[]
     */
    public function results(): array {
        return ['id' => 'int'];
    }

    /**
     * Capabilities.
     *
     * @return string[]
     */
    public function needs(): array {
        return ['mod/lesson:edit'];
    }

    /**
     * Capabilities in their contexts.
     *
     * @param array $params
     * @param scope $scope
     * @return array
     */
    public function capabilities(array $params, scope $scope): array {
        return [['mod/lesson:edit', $scope->context('cm', $params['lesson'])]];
    }

    /**
     * Pages are a chain.
     *
     * @param array $params
     * @return string[]
     */
    public function locks(array $params): array {
        return ['lesson' . $params['lesson']];
    }

    /**
     * Look for faults.
     *
     * @param array $params
     * @param checking $checking
     */
    public function check(array $params, checking $checking): void {
        $lesson = is_int($params['lesson']) ? self::lesson($params['lesson']) : null;
        $answers = $params['answers'];
        $question = $params['type'] !== 'content';
        $made = $checking->planned($params['lesson'], 'module.add');
        $most = $lesson === null ? $made['settings']['maxanswers'] ?? 20 : (int) $lesson->maxanswers; // Core leaves out the rest.
        $most = $params['type'] === 'truefalse' ? 2 : (is_int($most) ? $most : 20);
        $least = $question ? 2 : 1;
        if (count($answers) < $least || count($answers) > $most) {
            $checking->fault('answers', 'paramcount', ['count' => count($answers), 'min' => $least, 'max' => $most]);
        }
        if ($question && !in_array(true, array_column($answers, 'correct'), true)) {
            $checking->fault('answers', 'norightanswer', ['title' => (string) $params['title']]);
        }
        foreach ($answers as $index => $answer) {
            if (!$question && is_string($answer['texthtml']) && strip_tags($answer['texthtml']) !== $answer['texthtml']) {
                $checking->fault("answers[$index].texthtml", 'plaintext');
            }
            if ($answer['score'] !== null && (!$question || ($lesson !== null && !$lesson->custom))) {
                $checking->fault("answers[$index].score", 'noscores'); // Core leaves them out.
            }
        }
    }

    /**
     * Add the page.
     *
     * @param array $params
     * @param work $work
     * @return array
     */
    public function run(array $params, work $work): array {
        global $DB;

        $row = self::lesson($params['lesson']);
        $course = $DB->get_record('course', ['id' => $row->course], '*', MUST_EXIST);
        $content = $params['type'] === 'content';
        $page = [
            'title' => $params['title'], 'qtype' => self::TYPES[$params['type']],
            'pageid' => (int) $DB->get_field('lesson_pages', 'id', ['lessonid' => $row->id, 'nextpageid' => 0]), // The one before.
            'contents_editor' => ['text' => $params['contenthtml'], 'format' => FORMAT_HTML, 'itemid' => 0],
            'answer_editor' => [], 'response_editor' => [], 'jumpto' => [], 'score' => [],
        ];
        foreach ($params['answers'] as $index => $answer) {
            $text = $answer['texthtml'];
            $page['answer_editor'][$index] = $content ? html_entity_decode($text, ENT_QUOTES, 'UTF-8')
                : ['text' => $text, 'format' => FORMAT_HTML, 'itemid' => 0];
            if (!$content) {
                $page['response_editor'][$index] = ['text' => $answer['responsehtml'], 'format' => FORMAT_HTML, 'itemid' => 0];
                $page['score'][$index] = $answer['score'] ?? (int) $answer['correct'];
            }
            $page['jumpto'][$index] = self::JUMPS[$answer['jump'] ?? ($content || $answer['correct'] ? 'next' : 'this')];
        }
        // Flags: that they are set is what counts, whatever to.
        if ($content) {
            $page += ['layout' => 1, 'display' => 1];
        } else if (count(array_filter(array_column($params['answers'], 'correct'))) > 1) {
            $page['qoption'] = 1;
        }
        $context = context_module::instance($params['lesson']);
        $made = lesson_page::create((object) $page, new lesson($row), $context, (int) $course->maxbytes);
        return ['id' => (int) $made->id];
    }

    /**
     * Its own change, and people's answers.
     *
     * @param array $params
     * @param array $results
     * @param int $since
     * @param work $work
     * @return change|null
     */
    public function changed(array $params, array $results, int $since, work $work): ?change {
        global $DB;

        foreach (['lesson_attempts', 'lesson_branch'] as $table) {
            $seen = $DB->get_records($table, ['pageid' => $results['id']], 'timeseen DESC', '*', 0, 1);
            if ($seen) {
                $row = reset($seen);
                return new change($table, (int) $row->timeseen, (int) $row->userid);
            }
        }
        $answers = (int) $DB->get_field('lesson_answers', 'MAX(timemodified)', ['pageid' => $results['id']]);
        return $answers > $since ? new change('lesson_answers', $answers)
            : changes::in_row('lesson_pages', $results['id'], 'timemodified', $since);
    }

    /**
     * Delete the page; its neighbours are linked.
     *
     * @param array $params
     * @param array $results
     * @param work $work
     */
    public function undo(array $params, array $results, work $work): void {
        global $DB;

        if (kinds::exists('cm', $params['lesson']) && $DB->record_exists('lesson_pages', ['id' => $results['id']])) {
            // All or nothing: core joins the pages before and after it when its own row is gone.
            $transaction = $DB->start_delegated_transaction();
            lesson_page::load($results['id'], new lesson(self::lesson($params['lesson'])))->delete();
            $transaction->allow_commit();
        }
    }

    /**
     * The only page of that title.
     *
     * @param array $params
     * @return array|null
     */
    public function find(array $params): ?array {
        global $DB;

        if (!is_int($params['lesson']) || !is_string($params['title'])) {
            return null;
        }
        $where = ['lessonid' => self::lesson($params['lesson'])->id, 'title' => $params['title']];
        $found = $DB->get_fieldset_select('lesson_pages', 'id', 'lessonid = :lessonid AND title = :title', $where);
        return count($found) === 1 ? ['id' => (int) reset($found)] : null;
    }

    /**
     * Its text.
     *
     * @param array $params
     * @param array $found
     * @return array
     */
    public function differences(array $params, array $found): array {
        global $DB;
        $text = $DB->get_field('lesson_pages', 'contents', ['id' => $found['id']], MUST_EXIST);
        return $text === $params['contenthtml'] ? [] : ['contenthtml' => $text];
    }

    /**
     * Change its text.
     *
     * @param array $params
     * @param array $found
     * @param array $before
     * @param work $work
     * @return array
     */
    public function bring(array $params, array $found, array $before, work $work): array {
        self::rewrite($found['id'], $params['contenthtml']);
        return $found;
    }

    /**
     * Change its text back.
     *
     * @param array $params
     * @param array $results
     * @param array $before
     * @param work $work
     */
    public function put_back(array $params, array $results, array $before, work $work): void {
        self::rewrite($results['id'], $before['contenthtml']);
    }

    /**
     * Give it a text.
     *
     * @param int $id
     * @param string $text
     */
    private static function rewrite(int $id, string $text): void {
        global $DB;
        $DB->update_record('lesson_pages', (object) ['id' => $id, 'contents' => $text, 'timemodified' => time()]);
    }

    /**
     * Row of the lesson.
     *
     * @param int $cmid
     * @return stdClass
     */
    private static function lesson(int $cmid): stdClass {
        global $DB;
        $sql = 'SELECT m.* FROM {lesson} m JOIN {course_modules} c ON c.instance = m.id WHERE c.id = ?';
        return $DB->get_record_sql($sql, [$cmid], MUST_EXIST);
    }
}
