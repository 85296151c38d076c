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
 * Tests of the steps for questions and quizzes.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/step_testcase.php');

/**
 * Questions come in whole or not at all, and each can be answered rightly.
 *
 * @covers \local_otbridge\step\question_import
 * @covers \local_otbridge\step\quiz_add_questions
 * @covers \local_otbridge\questions\bank
 * @covers \local_otbridge\questions\importer
 * @covers \local_otbridge\questions\judge
 * @covers \local_otbridge\questions\lint
 */
class step_questions_test extends step_testcase {
    /** @var string two good questions */
    const GIFT = "::Раз:: Сколько? {#3.14:0.01}\n\n::Два:: Что? {=да ~нет}\n";

    /**
     * A step that imports.
     *
     * @param string $text
     * @param string $format
     * @param string $category
     * @return array
     */
    private function import(string $text, string $format = 'gift', string $category = ''): array {
        return [
            'step' => 'question.import', 'course' => (int) $this->course->id, 'format' => $format,
            'text' => strncmp($text, '$', 1) === 0 ? '$' . $text : $text,
            'category' => $category,
        ];
    }

    /**
     * A step that adds a quiz.
     *
     * @return array
     */
    private function quiz(): array {
        return ['step' => 'module.add', 'course' => (int) $this->course->id, 'section' => 1, 'type' => 'quiz', 'name' => 'Тест'];
    }

    public function test_questions_and_a_quiz_of_them() {
        global $DB;
        $this->prove([
            'i' => $this->import(self::GIFT, 'gift', 'Тема 1'), 'q' => $this->quiz(),
            'a' => ['step' => 'quiz.add_questions', 'quiz' => '$q.cmid', 'questions' => '$i.ids', 'maxmark' => '2.5'],
        ], function (array $results) use ($DB) {
            $this->assertSame(2, $results['i']['count']);
            $this->assertSame(['count' => 2, 'sumgrades' => '5'], $results['a']);
            $this->assertSame('5.00000', $DB->get_field('quiz', 'sumgrades', ['id' => $results['q']['instance']]));
            $this->assertSame('Тема 1', $DB->get_field('question_categories', 'name', ['id' => $results['i']['category']]));
            $context = (new questions\bank($this->course))->context();
            $this->assertSame([(int) $context->id], questions\bank::contexts_of($results['i']['ids']));
        });
    }

    public function test_categories_of_the_file() {
        global $DB;
        $text = "\$CATEGORY: \$course\$/Химия/Соли\n\n" . self::GIFT;
        $this->prove(['i' => $this->import($text)], function () use ($DB) {
            $category = $DB->get_record('question_categories', ['name' => 'Соли'], '*', MUST_EXIST);
            $this->assertFalse(questions\bank::is_empty((int) $category->id));
        });
        $this->assertFalse($DB->record_exists('question_categories', ['name' => 'Соли']));
    }

    public function test_aiken_and_xml() {
        $aiken = "Что?\nA) да\nB) нет\nANSWER: B\n";
        $xml = '<?xml version="1.0" encoding="UTF-8"?><quiz><question type="multichoice"><name><text>Раз</text></name>'
            . '<questiontext format="html"><text><![CDATA[<p>Что? <img src="@@PLUGINFILE@@/a.png"></p>]]></text>'
            . '<file name="a.png" path="/" encoding="base64">aGVsbG8=</file></questiontext><single>true</single>'
            . '<answer fraction="100"><text>да</text></answer><answer fraction="0"><text>нет</text></answer></question></quiz>';
        $this->prove(['a' => $this->import($aiken, 'aiken'), 'x' => $this->import($xml, 'xml')], function (array $results) {
            $this->assertSame([1, 1], [$results['a']['count'], $results['x']['count']]);
            $context = (new questions\bank($this->course))->context();
            $files = get_file_storage()->get_area_files($context->id, 'question', 'questiontext', $results['x']['ids'][0], 'id', false);
            $this->assertSame(['a.png'], array_values(array_map(static function ($file) {
                return $file->get_filename();
            }, $files)));
        });
    }

    public function test_a_file() {
        $file = $this->file('tasks.gift', self::GIFT);
        $this->prove(['i' => ['file' => $file] + $this->import('')]);
        $this->assertSame(['steps[0].file textorfile'], $this->faults(['i' => ['file' => $file] + $this->import(self::GIFT)]));
    }

    /**
     * Files that Moodle stores wrong in silence, or refuses with half of them stored.
     *
     * @return array
     */
    public static function wrong(): array {
        $xml = static function (string $question): string {
            return '<?xml version="1.0" encoding="UTF-8"?><quiz>' . $question . '</quiz>';
        };
        $name = '<name><text>Q</text></name><questiontext format="html"><text>Что?</text></questiontext>';
        return [
            'decimal comma' => ['gift', '::Q:: Half? {#1,5}', 'questioncomma'],
            'a word for a number' => ['gift', '::Q:: How many? {#two}', 'questionanyright'],
            'comma in a range' => ['gift', '::Q:: Half? {#1,4..1,6}', 'questioncomma'],
            'comma in a tolerance' => ['gift', '::Q:: Pi? {#3.14:0,01}', 'questioncomma'],
            'category without a blank line' => ['gift', "\$CATEGORY: Topic\n::Q:: Pick {=a ~b}", 'questioncategory'],
            'no blank line between' => ['gift', "::Q1:: One? {=a ~b}\n::Q2:: Two? {=c ~d}", 'questionjoined'],
            'blank line inside' => ['gift', "::Q1:: One? {=a\n\n~b}", 'questionsunreadable'],
            'unclosed' => ['gift', '::Q1:: One? {=a ~b', 'questionsunreadable'],
            'braces of a formula' => ['gift', '::Q:: What is \\(\\frac{1}{2}\\) of 4? {=2 ~3}', 'questionbraces'],
            'weights with commas' => ['gift', '::Q:: Pick {~%33,333%a ~%33,333%b ~%33,333%c ~d}', 'questioncomma'],
            'no right answer' => ['gift', '::Q:: Pick {~a ~b}', 'questionnoright'],
            'three quarters right' => ['gift', '::Q:: Pick {~%50%a ~%25%b ~c}', 'questionnoright'],
            'a Russian word for true' => ['gift', '::Q:: Небо синее {Верно}', 'questiontruefalse'],
            'an empty option' => ['gift', '::Q:: Pick {=a ~}', 'questionsunreadable|questionoptions'],
            'a picture in GIFT' => ['gift', '::Q:: [html]<img src\\="@@PLUGINFILE@@/p.png"> Pick {=a ~b}', 'questionfile'],
            'options without braces' => ['gift', "Pick\n-a\n+-b\n-c", 'questionbraces'],
            'windows-1251' => ['gift', "::Q:: \xcf\xf0\xe8 {=a ~b}", 'paramtype'],
            'a script' => ['gift', '::Q:: [html]Pick<script>alert(1)</script> {=a ~b}', 'questionscript'],
            'a handler' => ['gift', '::Q:: [html]<img src\\="x" onerror\\="alert(1)"> {=a ~b}', 'questionscript'],
            'a script in a feedback' => ['xml', $xml('<question type="essay">' . $name . '<generalfeedback><text><![CDATA[<a href='
                . '"javascript:alert(1)">x</a>]]></text></generalfeedback></question>'), 'questionscript', ],
            'nothing' => ['gift', '// nothing', 'noquestions'],
            'Cyrillic answer' => ['aiken', "Что?\nA) a\nB) b\nANSWER: В", 'questionanswer'],
            'answer out of range' => ['aiken', "Что?\nA) a\nB) b\nANSWER: E", 'questionanswer'],
            'small answer' => ['aiken', "Что?\nA) a\nB) b\nANSWER: b", 'questionanswer'],
            'two answers' => ['aiken', "Что?\nA) a\nB) b\nC) c\nANSWER: A, C", 'questionanswer'],
            'Cyrillic options' => ['aiken', "Что?\nА) a\nB) b\nC) c\nANSWER: B", 'questionletter'],
            'comma in XML' => ['xml', $xml("<question type=\"numerical\">$name<answer fraction=\"100\"><text>1,5</text></answer></question>"),
                'questioncomma', ],
            'true and false in Russian' => ['xml', $xml("<question type=\"truefalse\">$name<answer fraction=\"100\"><text>Верно</text>"
                . '</answer><answer fraction="0"><text>false</text></answer></question>'), 'questiontruefalse', ],
            'no text' => ['xml', $xml('<question type="essay"><name><text>Q</text></name></question>'), 'questionempty'],
            'no CDATA' => ['xml', $xml('<question type="essay"><name><text>Q</text></name><questiontext><text><p>Что</p></text>'
                . '</questiontext></question>'), 'questionmarkup', ],
            'a type that is not here' => ['xml', $xml("<question type=\"nosuch\">$name</question>"), 'questiontype'],
            'a missing picture' => ['xml', $xml('<question type="essay"><name><text>Q</text></name><questiontext format="html"><text>'
                . '<![CDATA[<img src="@@PLUGINFILE@@/p.png">]]></text></questiontext></question>'), 'questionfile', ],
            'another root' => ['xml', '<questions></questions>', 'questionsunreadable'],
            'half right is best' => ['xml', $xml("<question type=\"shortanswer\">$name<answer fraction=\"50\"><text>a</text></answer>"
                . '</question>'), 'questionnoright', ],
        ];
    }

    /**
     * Each is found beforehand.
     *
     * @dataProvider wrong
     * @param string $format
     * @param string $text
     * @param string $code
     */
    public function test_a_wrong_file(string $format, string $text, string $code) {
        if (!mb_check_encoding($text, 'UTF-8')) { // JSON cannot hold it, a file can.
            $found = (new questions\importer($format, $text))->faults();
            $this->assertSame([['questionencoding', []]], $found);
            return;
        }
        $before = $this->snapshot();
        $found = $this->faults(['i' => $this->import($text, $format)]);
        $this->assertCount(1, $found);
        $this->assertContains(substr($found[0], strlen('steps[0].text ')), explode('|', $code)); // Core's readers differ a little.
        $this->assertSame([], $this->differences($before, $this->snapshot()), 'the check wrote something');
    }

    public function test_the_number_of_the_question_is_told() {
        $told = external\check::execute($this->program(['i' => $this->import(self::GIFT . "\n::Три:: Что? {~a ~b}")]), 0);
        $this->assertSame(['number' => 3, 'name' => 'Три'], json_decode($told['faults'][0]['facts'], true));
    }

    public function test_a_late_error_leaves_nothing() {
        // The check cannot see it: core refuses the second question when it stores it.
        $xml = '<?xml version="1.0" encoding="UTF-8"?><quiz><question type="essay"><name><text>Q</text></name><questiontext><text>Что?'
            . '</text></questiontext></question><question type="calculated"><name><text>C</text></name><questiontext><text>{a}+{b}</text>'
            . '</questiontext><answer fraction="100"><text>nosuch({a})</text></answer></question></quiz>';
        $before = $this->snapshot();
        try {
            $told = external\run::execute($this->key(), $this->program(['q' => $this->quiz(), 'i' => $this->import($xml, 'xml')]), 0);
            $this->assertSame('failed', $told['status']);
            $this->assertSame([], json_decode($told['result'], true)['left']);
        } catch (refusal $refusal) {
            $this->assertSame('questionsunreadable', $refusal->errorcode);
        }
        $this->assertSame([], $this->differences($before, $this->snapshot()));
    }

    public function test_questions_that_are_used_or_changed_stay() {
        global $DB;
        $key = $this->key();
        $made = $this->do(['i' => $this->import(self::GIFT)], $key);
        $other = $this->do(['q' => $this->quiz(), 'a' => [
            'step' => 'quiz.add_questions', 'quiz' => '$q.cmid', 'questions' => $made['i']['ids'],
        ]]);
        $this->assertSame('questioninuse', $this->take_back($key)['errorcode']);
        $this->assertSame(2, $DB->count_records('quiz_slots', ['quizid' => $other['q']['instance']]));
        $DB->set_field('question', 'timemodified', time() + 5, ['id' => $made['i']['ids'][0]]);
        $this->assertSame('changedsince', $this->take_back($key)['errorcode']);
    }

    public function test_faults_of_adding_are_found_beforehand() {
        global $DB;
        $made = $this->do([
            'i' => $this->import(self::GIFT), 'q' => $this->quiz(),
            'a' => ['step' => 'quiz.add_questions', 'quiz' => '$q.cmid', 'questions' => '$i.ids'],
        ]);
        [$first] = $made['i']['ids'];
        $step = ['step' => 'quiz.add_questions', 'quiz' => $made['q']['cmid'], 'questions' => [$first]];
        $this->assertSame(['steps[0].questions[0] questiontwice'], $this->faults(['a' => $step]));
        $this->assertSame(['steps[0].questions[0] questionnotfound'], $this->faults(['a' => ['questions' => [999999]] + $step]));
        $DB->insert_record('quiz_attempts', (object) [
            'quiz' => $made['q']['instance'], 'userid' => 2, 'attempt' => 1, 'uniqueid' => random_int(1000000, 2000000000), 'layout' => '', 'preview' => 0,
            'state' => 'inprogress', 'timestart' => time(), 'timemodified' => time(),
        ]);
        $this->assertContains('steps[0].quiz quizattempted', $this->faults(['a' => $step]));
    }

    public function test_an_attempt_can_be_made_and_graded() {
        global $CFG, $DB;
        require_once($CFG->dirroot . '/mod/quiz/locallib.php');
        $made = $this->do([
            'i' => $this->import(self::GIFT), 'q' => $this->quiz(),
            'a' => ['step' => 'quiz.add_questions', 'quiz' => '$q.cmid', 'questions' => '$i.ids'],
        ]);
        $user = $this->getDataGenerator()->create_and_enrol($this->course);
        $this->setUser($user);
        $new = class_exists('\mod_quiz\quiz_settings');
        $quiz = $new ? \mod_quiz\quiz_settings::create($made['q']['instance'], $user->id)
            : \quiz::create($made['q']['instance'], $user->id);
        $usage = \question_engine::make_questions_usage_by_activity('mod_quiz', $quiz->get_context());
        $usage->set_preferred_behaviour($quiz->get_quiz()->preferredbehaviour);
        $attempt = quiz_create_attempt($quiz, 1, false, time(), false, $user->id);
        quiz_start_new_attempt($quiz, $usage, $attempt, 1, time());
        quiz_attempt_save_started($quiz, $usage, $attempt);
        $object = $new ? \mod_quiz\quiz_attempt::create($attempt->id) : \quiz_attempt::create($attempt->id);
        $object->process_submitted_actions(time(), false, [1 => ['answer' => '3.14'], 2 => ['answer' => 0]]);
        if (method_exists($object, 'process_grade_submission')) { // Since 5.0.
            $object->process_submit(time(), false);
            $object->process_grade_submission(time());
        } else {
            $object->process_finish(time(), false);
        }
        $this->assertGreaterThanOrEqual(1, (float) $DB->get_field('quiz_attempts', 'sumgrades', ['id' => $attempt->id]));
    }
}
