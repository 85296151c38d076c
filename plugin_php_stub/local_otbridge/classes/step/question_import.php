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
 * Step: import questions into the bank of a course.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\step;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->libdir . '/questionlib.php');

use local_otbridge\change;
use local_otbridge\checking;
use local_otbridge\field;
use local_otbridge\kept_as_found;
use local_otbridge\questions\bank;
use local_otbridge\questions\importer;
use local_otbridge\refusal;
use local_otbridge\repeatable;
use local_otbridge\scope;
use local_otbridge\step;
use local_otbridge\work;

/**
 * Imports questions. The importers roll back by force after some errors; nothing is written after that, for the step is refused
 * then, so that it may run in the transaction that holds its row, and all of it or nothing is there.
 */
class question_import extends step implements repeatable {
    use kept_as_found;

    /** @var int bytes of a file */
    const MAX_BYTES = 20971520;

    /**
     * Parameters.
     *
     * @return field[]
     */
    public function schema(): array {
        return [
            'course' => field::record('course'),
            'format' => field::choice(['gift', 'xml', 'aiken']),
            'text' => field::lines(2000000)->default(''),
            'file' => field::file()->default(null),
            'category' => field::text(255)->pattern('~^[^/]*\z~')->default(''),
        ];
    }

    /**
     * Results.
     *
     * @return string[]
     */
    public function results(): array {
        return ['ids' => 'question[]', 'category' => 'int', 'count' => 'int'];
    }

    /**
     * Capabilities.
     *
     * @return string[]
     */
    public function needs(): array {
        return ['moodle/question:add', 'moodle/question:managecategory', 'moodle/question:editall'];
    }

    /**
     * Capabilities in their contexts.
     *
     * @param array $params
     * @param scope $scope
     * @return array
     */
    public function capabilities(array $params, scope $scope): array {
        $context = $scope->context('course', $params['course']);
        return [['moodle/question:add', $context], ['moodle/question:managecategory', $context]];
    }

    /**
     * One import at a time makes categories in a course.
     *
     * @param array $params
     * @return string[]
     */
    public function locks(array $params): array {
        return ['questionbank' . $params['course']];
    }

    /**
     * Look for faults.
     *
     * @param array $params
     * @param checking $checking
     */
    public function check(array $params, checking $checking): void {
        $where = $params['file'] === null ? 'text' : 'file';
        if (($params['text'] === '') === ($params['file'] === null)) {
            $checking->fault($where, 'textorfile');
            return;
        }
        if (!is_string($params['format']) || !is_string($params['text'])) {
            return;
        }
        $file = $params['file'] === null ? null : $checking->file($params['file']);
        if ($file !== null && $file->get_filesize() > self::MAX_BYTES) {
            $facts = ['value' => $file->get_filesize(), 'min' => 1, 'max' => self::MAX_BYTES];
            $checking->fault('file', 'paramrange', $facts);
            return;
        }
        if ($where === 'file' && $file === null) {
            return; // Not uploaded yet.
        }
        $text = $file === null ? $params['text'] : $file->get_content();
        foreach ((new importer($params['format'], $text))->faults() as [$code, $facts]) {
            $checking->fault($where, $code, $facts);
        }
    }

    /**
     * Import.
     *
     * @param array $params
     * @param work $work
     * @return array
     */
    public function run(array $params, work $work): array {
        global $DB;

        $course = $DB->get_record('course', ['id' => $params['course']], '*', MUST_EXIST);
        $bank = new bank($course);
        $context = $bank->context();
        $before = bank::categories($context->id);
        $category = $bank->category($context, $params['category']);
        $text = $params['file'] === null ? $params['text'] : $work->file($params['file'])->get_content();
        $ids = (new importer($params['format'], $text))->import($category, $course, [$context], $params['category'] === '');
        $work->remember([
            'categories' => array_values(array_diff(bank::categories($context->id), $before)), 'bank' => $bank->made(),
        ]);
        return ['ids' => $ids, 'category' => (int) $category->id, 'count' => count($ids)];
    }

    /**
     * A question that was edited since; a new version is a question of its own.
     *
     * @param array $params
     * @param array $results
     * @param int $since
     * @param work $work
     * @return change|null
     */
    public function changed(array $params, array $results, int $since, work $work): ?change {
        global $DB;

        [$in, $values] = $DB->get_in_or_equal($results['ids']);
        $select = "id $in";
        if ($DB->get_manager()->table_exists('question_versions')) {
            $select = "id IN (SELECT other.questionid FROM {question_versions} other
                                JOIN {question_versions} own ON own.questionbankentryid = other.questionbankentryid
                               WHERE own.questionid $in)";
        }
        $values[] = $since;
        $found = $DB->get_records_select('question', "$select AND timemodified > ?", $values, 'timemodified DESC', '*', 0, 1);
        $question = reset($found);
        return $question ? new change($question->name, (int) $question->timemodified, (int) $question->modifiedby) : null;
    }

    /**
     * Delete the questions and the categories that came with them; core would only hide those that are used.
     *
     * @param array $params
     * @param array $results
     * @param work $work
     */
    public function undo(array $params, array $results, work $work): void {
        global $DB;

        $ids = $results['ids'] ? $DB->get_fieldset_select('question', 'id', 'id IN (' . implode(',', $results['ids']) . ')') : [];
        foreach ($ids as $id) {
            if (questions_in_use([$id])) {
                throw new refusal('questioninuse', ['id' => (int) $id]);
            }
        }
        foreach ($ids as $id) {
            // All or nothing of each: without its own row nothing leads to the rest of a question that was half deleted.
            $transaction = $DB->start_delegated_transaction();
            question_delete_question($id);
            $transaction->allow_commit();
        }
        $made = $work->recall();
        if (!empty($made['bank'])) {
            bank::delete($made['bank']);
            return;
        }
        foreach (array_reverse($made['categories'] ?? []) as $categoryid) {
            if (bank::is_empty($categoryid)) {
                $DB->delete_records('question_categories', ['id' => $categoryid]);
            }
        }
    }

    /**
     * Questions as another process, or a preview, may have read them before the commit.
     *
     * @param array $params
     * @param array $results
     */
    public function refresh(array $params, array $results): void {
        foreach ($results['ids'] ?? [] as $id) {
            \question_bank::notify_question_edited($id);
        }
    }

    /**
     * The questions of these names in the named category, all of them.
     *
     * @param array $params
     * @return array|null
     */
    public function find(array $params): ?array {
        global $DB;

        $text = $params['text'];
        if (!is_int($params['course']) || $params['category'] === '' || $text === '' || !is_string($text)) {
            return null; // A file that names its own categories, or is not read yet, is not looked for.
        }
        $course = $DB->get_record('course', ['id' => $params['course']], '*', MUST_EXIST);
        $category = (new bank($course))->find($params['category']);
        if ($category === null) {
            return null;
        }
        $ids = [];
        $there = bank::questions((int) $category->id);
        $wanted = (new importer($params['format'], $text))->titles();
        foreach ($wanted as $title) {
            if (!empty($there[$title])) {
                $ids[] = array_shift($there[$title]);
            }
        }
        if ($ids && count($ids) < count($wanted)) {
            $facts = ['category' => $params['category'], 'count' => count($wanted), 'found' => count($ids)];
            throw new refusal('questionspartly', $facts);
        }
        return $ids ? ['ids' => $ids, 'category' => (int) $category->id, 'count' => count($ids)] : null;
    }
}
