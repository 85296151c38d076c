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
 * A program of the size of a course prototype.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

/**
 * A course with ten sections, a quiz of twenty questions, six assignments, six files, a lesson with ten pages, and a glossary with
 * ten terms.
 */
class prototype {
    /** @var int sections, pages and terms */
    const TEN = 10;
    /** @var int assignments and files */
    const SIX = 6;
    /** @var int questions */
    const QUESTIONS = 20;

    /**
     * Contents of the files by their names.
     *
     * @param int $bytes of each
     * @return string[]
     */
    public static function files(int $bytes): array {
        $files = [];
        for ($i = 1; $i <= self::SIX; $i++) {
            $files["Материал $i.bin"] = random_bytes($bytes);
        }
        return $files;
    }

    /**
     * Questions in GIFT.
     *
     * @return string
     */
    public static function gift(): string {
        $text = '';
        for ($i = 1; $i <= self::QUESTIONS; $i++) {
            $text .= "::Вопрос $i:: Сколько будет $i и $i? {=" . 2 * $i . ' ~' . (2 * $i + 1) . ' ~' . (2 * $i + 2) . "}\n\n";
        }
        return $text;
    }

    /**
     * The whole program.
     *
     * @param int $category id of a category of courses
     * @param string $shortname
     * @param string[] $files from {@see self::files()}
     * @return array to be written as JSON
     */
    public static function program(int $category, string $shortname, array $files): array {
        $list = [];
        foreach ($files as $name => $content) {
            $list[] = ['sha256' => hash('sha256', $content), 'name' => $name, 'size' => strlen($content)];
        }
        $sections = [];
        for ($i = 1; $i <= self::TEN; $i++) {
            $sections[] = ['name' => "Раздел $i", 'summaryhtml' => "<p>О разделе $i</p>"];
        }
        $steps = [
            ['step' => 'course.create', 'as' => 'course', 'category' => $category, 'fullname' => 'Прототип', 'shortname' => $shortname,
                'sections' => $sections, ],
            ['step' => 'question.import', 'as' => 'questions', 'course' => '$course.id', 'format' => 'gift', 'text' => self::gift()],
            self::module('quiz', 'quiz', 1, 'Тест'),
            ['step' => 'quiz.add_questions', 'as' => 'slots', 'quiz' => '$quiz.cmid', 'questions' => '$questions.ids'],
        ];
        for ($i = 1; $i <= self::SIX; $i++) {
            $steps[] = self::module("assign$i", 'assign', $i, "Задание $i");
        }
        foreach ($list as $index => $file) {
            $steps[] = ['files' => [['file' => $file['sha256']]]] + self::module('file' . $index, 'resource', $index + 1, $file['name']);
        }
        $steps[] = self::module('lesson', 'lesson', self::TEN, 'Лекция');
        for ($i = 1; $i <= self::TEN; $i++) {
            $steps[] = [
                'step' => 'lesson.add_page', 'as' => "page$i", 'lesson' => '$lesson.cmid', 'title' => "Страница $i",
                'contenthtml' => "<p>Текст $i</p>", 'type' => 'content', 'answers' => [['texthtml' => 'Дальше']],
            ];
        }
        $steps[] = self::module('glossary', 'glossary', self::TEN, 'Глоссарий');
        for ($i = 1; $i <= self::TEN; $i++) {
            $steps[] = [
                'step' => 'glossary.add_entry', 'as' => "entry$i", 'glossary' => '$glossary.cmid', 'concept' => "Понятие $i",
                'definitionhtml' => "<p>Определение $i</p>",
            ];
        }
        return ['version' => 1, 'ticket' => 'OT-1', 'files' => $list, 'steps' => $steps];
    }

    /**
     * A step that adds an activity.
     *
     * @param string $label
     * @param string $type
     * @param int $section
     * @param string $name
     * @return array
     */
    private static function module(string $label, string $type, int $section, string $name): array {
        return [
            'step' => 'module.add', 'as' => $label, 'course' => '$course.id', 'section' => $section, 'type' => $type, 'name' => $name,
            'introhtml' => "<p>$name</p>",
        ];
    }
}
