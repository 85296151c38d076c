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
 * Tests of the steps that fill lessons and glossaries.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/step_testcase.php');

/**
 * Pages and entries.
 *
 * @covers \local_otbridge\step\lesson_add_page
 * @covers \local_otbridge\step\glossary_add_entry
 */
class step_contents_test extends step_testcase {
    /**
     * A step that adds an activity.
     *
     * @param string $type
     * @param array $settings
     * @return array
     */
    private function add(string $type, array $settings = []): array {
        return [
            'step' => 'module.add', 'course' => (int) $this->course->id, 'section' => 1, 'type' => $type, 'name' => 'Имя',
        ] + ($settings ? ['settings' => $settings] : []);
    }

    /**
     * A step that adds a page.
     *
     * @param int|string $lesson
     * @param string $type
     * @param array $answers
     * @return array
     */
    private function page($lesson, string $type = 'content', array $answers = [['texthtml' => 'Дальше']]): array {
        return [
            'step' => 'lesson.add_page', 'lesson' => $lesson, 'title' => 'Стр', 'contenthtml' => '<p>Текст</p>', 'type' => $type,
            'answers' => $answers,
        ];
    }

    public function test_pages_stand_in_order_with_their_answers() {
        global $DB;
        $choice = [['texthtml' => '<b>да</b>', 'correct' => true, 'responsehtml' => 'Верно'], ['texthtml' => 'нет']];
        $this->prove([
            'l' => $this->add('lesson'), 'a' => $this->page('$l.cmid', 'content', [['texthtml' => 'A & B']]),
            'b' => $this->page('$l.cmid', 'multichoice', $choice), 'c' => $this->page('$l.cmid', 'truefalse', $choice),
        ], function (array $results) use ($DB) {
            $ids = array_map(static function ($label) use ($results) {
                return $results[$label]['id'];
            }, ['a', 'b', 'c']);
            foreach ($ids as $index => $id) {
                $page = $DB->get_record('lesson_pages', ['id' => $id]);
                $this->assertSame([$ids[$index - 1] ?? 0, $ids[$index + 1] ?? 0], [(int) $page->prevpageid, (int) $page->nextpageid]);
            }
            $button = $DB->get_record('lesson_answers', ['pageid' => $ids[0]]);
            $this->assertSame(['A & B', '-1'], [$button->answer, $button->jumpto]);
            $answers = array_values($DB->get_records('lesson_answers', ['pageid' => $ids[1]], 'id', 'id, score, jumpto, response'));
            $this->assertSame([['1', '-1', 'Верно'], ['0', '0', '']], array_map(static function ($row) {
                return [$row->score, $row->jumpto, (string) $row->response];
            }, $answers));
            $this->assertSame('0', $DB->get_field('lesson_pages', 'qoption', ['id' => $ids[1]]));
        });
    }

    public function test_a_page_in_a_lesson_that_was_there() {
        $made = $this->do(['l' => $this->add('lesson'), 'a' => $this->page('$l.cmid')]);
        $this->prove(['b' => $this->page($made['l']['cmid'])]);
    }

    public function test_faults_of_pages_are_found_beforehand() {
        global $DB;
        $made = $this->do(['l' => $this->add('lesson', ['maxanswers' => 2])]);
        $cmid = $made['l']['cmid'];
        $wrong = [['texthtml' => 'a'], ['texthtml' => 'b']];
        $three = array_merge([['texthtml' => 'c', 'correct' => true]], $wrong);
        $this->assertSame([
            'steps[0].answers paramcount', 'steps[1].answers norightanswer', 'steps[2].answers paramcount',
            'steps[3].answers[0].texthtml plaintext',
        ], $this->faults([
            'a' => $this->page($cmid, 'multichoice', $three), 'b' => $this->page($cmid, 'multichoice', $wrong),
            'c' => $this->page($cmid, 'truefalse', $three), 'd' => $this->page($cmid, 'content', [['texthtml' => '<b>x</b>']]),
        ]));
        $lesson = $this->add('lesson', ['maxanswers' => 2]);
        $found = $this->faults(['l' => $lesson, 'a' => $this->page('$l.cmid', 'multichoice', $three)]);
        $this->assertSame(['steps[1].answers paramcount'], $found);
        $DB->set_field('lesson', 'custom', 0, ['id' => $made['l']['instance']]);
        $scored = [['texthtml' => 'c', 'correct' => true, 'score' => 5], ['texthtml' => 'd']];
        $this->assertSame(['steps[0].answers[0].score noscores'], $this->faults(['a' => $this->page($cmid, 'truefalse', $scored)]));
        $glossary = $this->do(['g' => $this->add('glossary')])['g']['cmid'];
        $this->assertSame(['steps[0].lesson wrongmodule'], $this->faults(['a' => $this->page($glossary)]));
    }

    public function test_a_page_that_was_seen_stays() {
        global $DB;
        $key = $this->key();
        $made = $this->do(['l' => $this->add('lesson'), 'a' => $this->page('$l.cmid')], $key);
        $DB->insert_record('lesson_branch', (object) [
            'lessonid' => $made['l']['instance'], 'userid' => 2, 'pageid' => $made['a']['id'], 'retry' => 0, 'flag' => 0,
            'timeseen' => time(), 'nextpageid' => 0,
        ]);
        $this->assertSame('changedsince', $this->take_back($key)['errorcode']);
        $this->assertTrue($DB->record_exists('lesson_pages', ['id' => $made['a']['id']]));
    }

    public function test_entries() {
        global $DB;
        $this->prove([
            'g' => $this->add('glossary'),
            'e' => ['step' => 'glossary.add_entry', 'glossary' => '$g.cmid', 'concept' => ' Ёлка ', 'definitionhtml' => '<p>Дерево</p>',
                'aliases' => ['ель', 'ёлочка'], ],
        ], function (array $results) use ($DB) {
            $entry = $DB->get_record('glossary_entries', ['id' => $results['e']['id']]);
            $this->assertSame(['Ёлка', '<p>Дерево</p>', '1'], [$entry->concept, $entry->definition, $entry->approved]);
            $this->assertSame(2, $DB->count_records('glossary_alias', ['entryid' => $entry->id]));
        });
    }

    public function test_faults_of_entries_are_found_beforehand() {
        $made = $this->do(['g' => $this->add('glossary')]);
        $entry = ['step' => 'glossary.add_entry', 'glossary' => $made['g']['cmid'], 'definitionhtml' => 'x', 'concept' => 'Соль'];
        $this->do(['e' => $entry]);
        $this->assertSame([
            'steps[0].concept concepttaken', 'steps[1].concept paramlength', 'steps[2].concept paramlength',
            'steps[3].concept parampattern', 'steps[5].concept concepttaken',
        ], $this->faults([
            'a' => ['concept' => 'соль'] + $entry, 'b' => ['concept' => '  '] + $entry, 'c' => ['concept' => str_repeat('я', 256)] + $entry,
            'd' => ['concept' => 'a<b'] + $entry, 'e' => ['concept' => 'Вода'] + $entry, 'f' => ['concept' => 'вода'] + $entry,
        ]));
    }
}
