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
 * Reads the text of a question file for what Moodle's own importers take in silence and get wrong.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\questions;

use DOMDocument;
use DOMElement;

/**
 * Each finding is [code, facts]; facts name the question by its number in the file, or the line.
 */
class lint {
    /** @var string a decimal comma between digits */
    const COMMA = '/\d,\d/';
    /** @var string the start of the name of a GIFT question */
    const NAME = '/^::/';
    /** @var string[] what would run in the browser of whoever sees the question: Moodle does not clean questions */
    const SCRIPTS = [
        '/<\s*(script|object|embed|base|meta)\b/i', '/<[^>]*[\s"\'\/]on[a-z]+\s*=/i',
        '/<[^>]*=\s*["\']?\s*(javascript|vbscript|data\s*:\s*text)\s*:?/i',
    ];
    /** @var string[] names of types that Moodle's importer takes for others */
    const ALIASES = ['multichoiceset' => 'multichoice', 'cloze' => 'multianswer', 'matching' => 'match'];

    /** @var array findings */
    private $found = [];
    /** @var int how many questions the file holds */
    private $count = 0;

    /**
     * Read a text.
     *
     * @param string $format gift, aiken, xml
     * @param string $text
     */
    public function __construct(string $format, string $text) {
        if ($format !== 'xml' && !mb_check_encoding($text, 'UTF-8')) {
            $this->found[] = ['questionencoding', []];
            return;
        }
        $this->$format($text);
    }

    /**
     * What is wrong.
     *
     * @return array of [code, facts]
     */
    public function found(): array {
        return $this->found;
    }

    /**
     * How many questions a plain reading finds.
     *
     * @return int
     */
    public function count(): int {
        return $this->count;
    }

    /**
     * Lines of a text.
     *
     * @param string $text
     * @return string[] trimmed
     */
    private static function lines(string $text): array {
        $text = preg_replace('/^\x{FEFF}/u', '', $text);
        return array_map('trim', preg_split('/\r\n|\r|\n/', $text));
    }

    /**
     * GIFT: questions are parted by blank lines.
     *
     * @param string $text
     */
    private function gift(string $text): void {
        $block = [];
        foreach (array_merge(self::lines($text), ['']) as $index => $line) {
            if ($line === '') {
                $this->gift_block($block);
                $block = [];
            } else if (strncmp($line, '//', 2) !== 0) {
                $block[$index + 1] = $line;
            }
        }
    }

    /**
     * One block of GIFT.
     *
     * @param string[] $lines by their numbers
     */
    private function gift_block(array $lines): void {
        if (!$lines) {
            return;
        }
        $first = key($lines);
        if (strncmp($lines[$first], '$CATEGORY:', 10) === 0) {
            if (count($lines) > 1) {
                $this->found[] = ['questioncategory', ['line' => $first]]; // The next question would become a part of the name.
            }
            return;
        }
        $this->count++;
        foreach ($lines as $number => $line) {
            if ($number !== $first && preg_match(self::NAME, $line)) {
                $this->found[] = ['questionjoined', ['line' => $number]];
            }
        }
        $whole = preg_replace('/\\\\./u', '', implode("\n", $lines)); // Escaped characters mean nothing.
        if (preg_match('/\{\s*#(.*)\}/s', $whole, $numbers) && preg_match(self::COMMA, $numbers[1], $comma)) {
            $this->found[] = ['questioncomma', ['number' => $this->count, 'value' => $comma[0]]];
        }
        if (preg_match('/%-?\d+,\d+%/', $whole, $weight)) {
            $this->found[] = ['questioncomma', ['number' => $this->count, 'value' => $weight[0]]];
        }
        if (preg_match('/@@PLUGINFILE@@[^\s"\'>]*/', $whole, $picture)) {
            $this->found[] = ['questionfile', ['number' => $this->count, 'name' => $picture[0]]]; // GIFT carries no files.
        }
        $this->look_for_scripts(preg_replace('/\\\\(.)/us', '$1', implode("\n", $lines)));
        $options = preg_grep('/^(\+-?|-|[A-ZА-Я][.)])\s*\S/u', array_slice($lines, 1));
        if (strpos($whole, '{') === false && count($options) > 1) {
            $this->found[] = ['questionbraces', ['number' => $this->count, 'name' => reset($lines)]];
        }
        if (preg_match('/\{\s*(верно|неверно|да|нет|истина|ложь|true|false|t|f)\s*\}/iu', $whole, $word)
                && !in_array($word[1], ['T', 'F', 'TRUE', 'FALSE'], true)) {
            $this->found[] = ['questiontruefalse', ['number' => $this->count, 'value' => $word[1]]];
        }
    }

    /**
     * Aiken: Latin letters for options and answer.
     *
     * @param string $text
     */
    private function aiken(string $text): void {
        $options = [];
        $cyrillic = false;
        foreach (self::lines($text) as $index => $line) {
            if (preg_match('/^([А-ЯЁ])[).]\s/u', $line, $letter)) {
                $cyrillic = true;
                $this->found[] = ['questionletter', ['line' => $index + 1, 'value' => $letter[1]]];
            } else if (preg_match('/^([A-Z])[).]/', $line, $letter)) {
                $options[] = $letter[1];
            } else if (preg_match('/^(ANSWER|ОТВЕТ)\s*:\s*(.*)\z/iu', $line, $answer)) {
                $this->count++;
                // Core takes the position in the alphabet, not the letter that stands before the option.
                $place = strlen($answer[2]) === 1 ? ord($answer[2]) - ord('A') : -1;
                $named = strncmp($line, 'ANSWER:', 7) === 0 && ($options[$place] ?? '') === $answer[2];
                if (!$named && !$cyrillic) {
                    $this->found[] = ['questionanswer', ['number' => $this->count, 'line' => $index + 1, 'value' => $answer[2]]];
                }
                [$options, $cyrillic] = [[], false];
            }
        }
    }

    /**
     * Moodle XML.
     *
     * @param string $text
     */
    private function xml(string $text): void {
        $before = libxml_use_internal_errors(true);
        $document = new DOMDocument();
        $read = $document->loadXML(ltrim($text), LIBXML_NONET | LIBXML_PARSEHUGE);
        $error = libxml_get_last_error();
        libxml_clear_errors();
        libxml_use_internal_errors($before);
        if (!$read || $document->doctype !== null) {
            $message = $error ? trim($error->message) . ', ' . $error->line : 'DOCTYPE';
            $this->found[] = ['questionsunreadable', ['message' => $message]];
            return;
        }
        if ($document->documentElement->nodeName !== 'quiz') {
            $this->found[] = ['questionsunreadable', ['message' => '<' . $document->documentElement->nodeName . '>, <quiz>']];
            return;
        }
        foreach ($document->documentElement->childNodes as $node) {
            if ($node instanceof DOMElement && $node->nodeName === 'question' && $node->getAttribute('type') !== 'category') {
                $this->count++;
                $this->xml_question($node);
            }
        }
    }

    /**
     * One question of XML.
     *
     * @param DOMElement $question
     */
    private function xml_question(DOMElement $question): void {
        $written = $question->getAttribute('type');
        $type = self::ALIASES[$written] ?? $written;
        if (!array_key_exists($type, \core_component::get_plugin_list('qtype'))) {
            $this->found[] = ['questiontype', ['number' => $this->count, 'type' => $type]];
            return;
        }
        foreach ($question->getElementsByTagName('text') as $text) {
            if ($text->getElementsByTagName('*')->length) {
                $this->found[] = ['questionmarkup', ['number' => $this->count]]; // Neither escaped nor in CDATA: it gets lost.
                break;
            }
        }
        $numbers = ['tolerance', 'defaultgrade', 'penalty'];
        foreach ($question->getElementsByTagName('*') as $node) {
            $value = trim($node->textContent);
            $number = in_array($node->nodeName, $numbers, true) || ($node->nodeName === 'answer' && $type === 'numerical');
            if ($number && preg_match('/^\s*-?\d+,\d+/', $value, $comma)) {
                $this->found[] = ['questioncomma', ['number' => $this->count, 'value' => $comma[0]]];
            }
            if ($node->nodeName === 'answer' && preg_match('/^-?\d+,\d+\z/', $node->getAttribute('fraction'))) {
                $this->found[] = ['questioncomma', ['number' => $this->count, 'value' => $node->getAttribute('fraction')]];
            }
            if ($node->nodeName === 'answer' && $type === 'truefalse') {
                $this->xml_truefalse($node);
            }
        }
        if ($type === 'multianswer' && preg_match('/:(NUMERICAL|NM):[^}]*\d,\d[^}]*/', $question->textContent, $gap)) {
            $this->found[] = ['questioncomma', ['number' => $this->count, 'value' => $gap[0]]];
        }
        $this->xml_files($question);
        $this->look_for_scripts($question->textContent);
    }

    /**
     * Orders come from outside.
     *
     * @param string $text of one question
     */
    private function look_for_scripts(string $text): void {
        foreach (self::SCRIPTS as $pattern) {
            if (preg_match($pattern, $text)) {
                $this->found[] = ['questionscript', ['number' => $this->count]];
                return;
            }
        }
    }

    /**
     * The answers of a true/false question are these words, whatever its language.
     *
     * @param DOMElement $answer
     */
    private function xml_truefalse(DOMElement $answer): void {
        $text = $answer->getElementsByTagName('text')->item(0);
        $word = strtolower(trim($text === null ? '' : $text->textContent));
        if (!in_array($word, ['true', 'false'], true)) {
            $this->found[] = ['questiontruefalse', ['number' => $this->count, 'value' => $word]];
        }
    }

    /**
     * Every picture that is named must be there.
     *
     * @param DOMElement $question
     */
    private function xml_files(DOMElement $question): void {
        $there = [];
        foreach ($question->getElementsByTagName('file') as $file) {
            $content = base64_decode(preg_replace('/\s+/', '', $file->textContent), true);
            if ($content === false || $content === '') {
                $this->found[] = ['questionfile', ['number' => $this->count, 'name' => $file->getAttribute('name')]];
            }
            $there[] = $file->getAttribute('path') . $file->getAttribute('name');
        }
        preg_match_all('~@@PLUGINFILE@@/([^"\'<>?#\s]+)~', $question->textContent, $named);
        foreach (array_unique($named[1]) as $name) {
            if (!in_array('/' . rawurldecode($name), $there, true) && !in_array(rawurldecode($name), $there, true)) {
                $this->found[] = ['questionfile', ['number' => $this->count, 'name' => rawurldecode($name)]];
            }
        }
    }
}
