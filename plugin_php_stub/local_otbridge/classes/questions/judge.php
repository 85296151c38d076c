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
 * Looks whether a question can be answered rightly.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\questions;

use stdClass;

/**
 * Moodle stores questions without a right answer, or with any answer right, and says that all went well.
 */
class judge {
    /**
     * Judge a question as an importer read it.
     *
     * @param int $number in the file
     * @param stdClass $question
     * @return array of [code, facts]
     */
    public static function parsed(int $number, stdClass $question): array {
        $answers = [];
        foreach ((array) ($question->answer ?? []) as $key => $answer) {
            $text = (string) (is_array($answer) ? $answer['text'] ?? '' : $answer);
            $answers[] = [$text, (float) (((array) ($question->fraction ?? []))[$key] ?? 0)];
        }
        $pairs = 0;
        foreach ((array) ($question->subquestions ?? []) as $key => $pair) {
            $text = is_array($pair) ? $pair['text'] ?? '' : $pair;
            $pairs += trim((string) $text) !== '' && trim((string) ($question->subanswers[$key] ?? '')) !== '' ? 1 : 0;
        }
        $text = $question->questiontext ?? '';
        $text = (string) (is_array($text) ? $text['text'] : $text);
        return self::judge($number, (string) $question->name, (string) $question->qtype, $text, [
            'single' => !empty($question->single), 'answers' => $answers, 'pairs' => $pairs,
        ]);
    }

    /**
     * Judge questions as they are stored, with the gaps of those that have some.
     *
     * @param int[] $ids in order of the file
     * @return array of [code, facts]
     */
    public static function stored(array $ids): array {
        global $DB;

        $found = [];
        $numbers = array_flip(array_values($ids));
        $questions = $DB->get_records_list('question', 'id', $ids);
        foreach (array_diff($ids, array_keys($questions)) as $id) {
            $found[] = ['questionlost', ['number' => $numbers[$id] + 1]];
        }
        foreach ($DB->get_records_list('question', 'parent', $ids, 'id') as $gap) {
            $questions[$gap->id] = $gap;
        }
        $all = array_keys($questions);
        $answers = $pairs = [];
        foreach ($DB->get_records_list('question_answers', 'question', $all, 'id') as $answer) {
            $answers[$answer->question][] = [$answer->answer, (float) $answer->fraction];
        }
        foreach ($DB->get_records_list('qtype_match_subquestions', 'questionid', $all) as $pair) {
            $pairs[$pair->questionid] = ($pairs[$pair->questionid] ?? 0) + (trim($pair->questiontext) === '' ? 0 : 1);
        }
        $single = array_column($DB->get_records_list('qtype_multichoice_options', 'questionid', $all), 'single', 'questionid');
        foreach ($questions as $id => $question) {
            $number = ($numbers[$id] ?? $numbers[$question->parent]) + 1;
            $found = array_merge($found, self::judge($number, $question->name, $question->qtype, $question->questiontext, [
                'single' => !empty($single[$id]), 'answers' => $answers[$id] ?? [], 'pairs' => $pairs[$id] ?? 0,
            ]));
        }
        return $found;
    }

    /**
     * Judge.
     *
     * @param int $number
     * @param string $name
     * @param string $type
     * @param string $text
     * @param array $parts single, answers as [text, fraction], pairs
     * @return array
     */
    private static function judge(int $number, string $name, string $type, string $text, array $parts): array {
        $facts = ['number' => $number, 'name' => $name];
        $found = [];
        if (trim(strip_tags($text, '<img><video><audio><iframe>')) === '' && $type !== 'random') {
            $found[] = ['questionempty', $facts];
        }
        if ($type !== 'multianswer' && preg_match('/\{[^{}]*[=~][^{}]*\}/', $text)) {
            $found[] = ['questionbraces', $facts]; // An answer that was not taken for one.
        }
        $filled = array_filter($parts['answers'], static function (array $answer): bool {
            return trim($answer[0]) !== '';
        });
        $fractions = array_column($filled, 1);
        if ($type === 'match') {
            return $parts['pairs'] < 2 ? array_merge($found, [['questionoptions', $facts]]) : $found;
        }
        if ($type === 'multichoice') {
            if (count($filled) < 2) {
                return array_merge($found, [['questionoptions', $facts]]);
            }
            $best = $parts['single'] ? max($fractions) : array_sum(array_filter($fractions, static function (float $one): bool {
                return $one > 0;
            }));
            if (abs($best - 1) > 0.01) {
                $found[] = ['questionnoright', $facts];
            }
        } else if (in_array($type, ['shortanswer', 'numerical', 'calculated', 'calculatedsimple'], true)) {
            if (!$fractions || max($fractions) < 0.999) {
                $found[] = ['questionnoright', $facts];
            }
        }
        foreach ($filled as [$answer, $fraction]) {
            if (in_array($type, ['shortanswer', 'numerical'], true) && trim($answer) === '*' && $fraction > 0.999) {
                $found[] = ['questionanyright', $facts];
            }
            if (preg_match('/^%-?[\d.,]+%|\d+:[A-Z_]+:/', trim(strip_tags($answer)))) {
                $found[] = ['questionweight', $facts + ['value' => trim(strip_tags($answer))]];
            }
        }
        return $found;
    }
}
