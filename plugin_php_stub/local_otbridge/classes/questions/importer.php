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
 * Calls Moodle's own importers of questions.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\questions;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->libdir . '/questionlib.php');
require_once($GLOBALS['CFG']->dirroot . '/question/format.php');

use local_otbridge\refusal;
use ReflectionMethod;
use stdClass;
use Throwable;

/**
 * Reads a text without storing anything, or imports it. What the importers print is what they have to say.
 */
class importer {
    /** @var string gift, aiken, xml */
    private $format;
    /** @var string */
    private $text;

    /**
     * Prepare.
     *
     * @param string $format gift, aiken, xml
     * @param string $text
     */
    public function __construct(string $format, string $text) {
        $this->format = $format;
        $this->text = $text;
    }

    /**
     * Everything that can be found before anything is stored.
     *
     * @return array of [code, facts]
     */
    public function faults(): array {
        $lint = new lint($this->format, $this->text);
        if ($lint->found()) {
            return $lint->found();
        }
        try {
            $questions = $this->parse();
        } catch (refusal $refusal) {
            return [[$refusal->errorcode, $refusal->facts]];
        }
        $found = [];
        foreach ($questions as $index => $question) {
            $found = array_merge($found, judge::parsed($index + 1, $question));
        }
        if (!$found && count($questions) !== $lint->count()) {
            $found[] = ['questioncount', ['expected' => $lint->count(), 'found' => count($questions)]];
        }
        return $found;
    }

    /**
     * Kind and name of each question, as they will be stored.
     *
     * @return string[]
     * @throws refusal `questionsunreadable`, `noquestions`
     */
    public function titles(): array {
        return array_map(static function (stdClass $question): string {
            return bank::title($question);
        }, $this->parse());
    }

    /**
     * Read the questions and store nothing.
     *
     * @return stdClass[]
     * @throws refusal `questionsunreadable`, `noquestions`
     */
    private function parse(): array {
        // Files of a question would go into a draft area already while they are read.
        $text = $this->format === 'xml' ? preg_replace('~<file\b[^>]*(/>|>.*?</file>)~s', '', $this->text) : $this->text;
        $reader = $this->reader($text);
        $questions = $this->listen(static function () use ($reader) {
            $lines = self::call($reader, 'readdata', [$reader->filename]);
            return self::call($reader, 'readquestions', [$lines]);
        }, static function ($questions) use ($reader): bool {
            return is_array($questions) && !$reader->importerrors;
        });
        $questions = array_values(array_filter($questions, static function ($question): bool {
            return is_object($question) && $question->qtype !== 'category';
        }));
        if (!$questions) {
            throw new refusal('noquestions');
        }
        return $questions;
    }

    /**
     * Import them.
     *
     * It is all or nothing only because the caller's transaction is: after an error that is found late, core has stored earlier
     * questions, or has rolled back by force, and the caller's transaction with it.
     *
     * @param stdClass $category
     * @param stdClass $course
     * @param \context[] $contexts
     * @param bool $categories whether categories in the text are made
     * @return int[] ids of the questions, in order
     * @throws refusal
     */
    public function import(stdClass $category, stdClass $course, array $contexts, bool $categories): array {
        global $DB;

        $reader = $this->reader($this->text);
        $reader->setCategory($category);
        $reader->setContexts($contexts);
        $reader->setCourse($course);
        $reader->setCatfromfile($categories);
        $reader->setContextfromfile(false);
        $reader->setStoponerror(true);
        $this->listen(static function () use ($reader) {
            return $reader->importpreprocess() && $reader->importprocess() && $reader->importpostprocess();
        }, static function ($done) use ($reader, $DB): bool {
            return $done && !$reader->importerrors && $DB->is_transaction_started();
        });
        $ids = array_map('intval', $reader->questionids);
        $lint = new lint($this->format, $this->text);
        if (count($ids) !== $lint->count()) {
            throw new refusal('questioncount', ['expected' => $lint->count(), 'found' => count($ids)]);
        }
        foreach (judge::stored($ids) as [$code, $facts]) {
            throw new refusal($code, $facts);
        }
        return $ids;
    }

    /**
     * Call one of core's functions, and hear what it prints.
     *
     * @param callable $do
     * @param callable $good gets the result
     * @return mixed
     * @throws refusal `questionsunreadable`
     */
    private function listen(callable $do, callable $good) {
        // English, so that a number is a number: with a decimal comma in the language 1,5 and 1.5 mean other things.
        $language = force_current_language('en');
        ob_start();
        try {
            $result = $do();
            $message = '';
        } catch (Throwable $error) {
            $result = null;
            $message = $error->getMessage();
        } finally {
            $printed = trim(preg_replace('/\s+/u', ' ', strip_tags(str_replace('<', ' <', (string) ob_get_clean()))));
            force_current_language($language);
        }
        if ($message !== '' || !$good($result)) {
            throw new refusal('questionsunreadable', ['message' => \core_text::substr(trim($printed . ' ' . $message), 0, 1000)]);
        }
        return $result;
    }

    /**
     * Core's importer.
     *
     * @param string $text
     * @return \qformat_default
     */
    private function reader(string $text): \qformat_default {
        global $CFG;

        require_once($CFG->dirroot . '/question/format/' . $this->format . '/format.php');
        $class = 'qformat_' . $this->format;
        $reader = new $class();
        $reader->filename = make_request_directory() . '/questions';
        file_put_contents($reader->filename, $text);
        $reader->setFilename($reader->filename);
        $reader->setRealfilename('questions');
        $reader->setMatchgrades('error');
        $reader->set_display_progress(false);
        return $reader;
    }

    /**
     * Call a method that core keeps for itself in some formats.
     *
     * @param object $object
     * @param string $name
     * @param array $arguments
     * @return mixed
     */
    private static function call($object, string $name, array $arguments) {
        $method = new ReflectionMethod($object, $name);
        $method->setAccessible(true);
        return $method->invokeArgs($object, $arguments);
    }
}
