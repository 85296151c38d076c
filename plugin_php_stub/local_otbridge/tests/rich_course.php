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
 * A course with something of everything.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use context_course;
use stdClass;

/**
 * Makes a course of all kinds of activities that this Moodle's own generators can make, with people, groups,
 * grades, attempts, posts, files, completion and a badge, and reads it out of the database without anything
 * that is another one in a copy.
 */
class rich_course {
    /** @var int learners */
    const PEOPLE = 6;
    /** @var string[] kinds of activities; those that this Moodle lacks are left out */
    const KINDS = [
        'assign', 'bigbluebuttonbn', 'book', 'chat', 'choice', 'data', 'feedback', 'folder', 'forum', 'glossary', 'h5pactivity', 'imscp',
        'label', 'lesson', 'lti', 'page', 'quiz', 'resource', 'scorm', 'subsection', 'survey', 'url', 'wiki', 'workshop',
    ];
    /**
     * Where rows of a course are: SQL that gives their ids, with ? for the course.
     *
     * @var string[] by table
     */
    const ROWS = [
        'course' => 'SELECT id FROM {course} WHERE id = ?',
        'course_sections' => 'SELECT id FROM {course_sections} WHERE course = ?',
        'course_modules' => 'SELECT id FROM {course_modules} WHERE course = ?',
        'course_format_options' => 'SELECT id FROM {course_format_options} WHERE courseid = ?',
        'course_modules_completion' => 'SELECT c.id FROM {course_modules_completion} c JOIN {course_modules} m ON m.id = c.coursemoduleid
            WHERE m.course = ?',
        'course_modules_viewed' => 'SELECT c.id FROM {course_modules_viewed} c JOIN {course_modules} m ON m.id = c.coursemoduleid
            WHERE m.course = ?',
        'course_completion_criteria' => 'SELECT id FROM {course_completion_criteria} WHERE course = ?',
        'enrol' => 'SELECT id FROM {enrol} WHERE courseid = ?',
        'user_enrolments' => 'SELECT u.id FROM {user_enrolments} u JOIN {enrol} e ON e.id = u.enrolid WHERE e.courseid = ?',
        'role_assignments' => 'SELECT r.id FROM {role_assignments} r JOIN {context} x ON x.id = r.contextid
            WHERE x.contextlevel = 50 AND x.instanceid = ?',
        'groups' => 'SELECT id FROM {groups} WHERE courseid = ?',
        'groups_members' => 'SELECT m.id FROM {groups_members} m JOIN {groups} g ON g.id = m.groupid WHERE g.courseid = ?',
        'groupings' => 'SELECT id FROM {groupings} WHERE courseid = ?',
        'groupings_groups' => 'SELECT m.id FROM {groupings_groups} m JOIN {groups} g ON g.id = m.groupid WHERE g.courseid = ?',
        'grade_items' => 'SELECT id FROM {grade_items} WHERE courseid = ?',
        'grade_categories' => 'SELECT id FROM {grade_categories} WHERE courseid = ?',
        'grade_grades' => 'SELECT g.id FROM {grade_grades} g JOIN {grade_items} i ON i.id = g.itemid WHERE i.courseid = ?',
        'scale' => 'SELECT id FROM {scale} WHERE courseid = ?',
        'badge' => 'SELECT id FROM {badge} WHERE courseid = ?',
        'event' => 'SELECT id FROM {event} WHERE courseid = ?',
        'files' => "SELECT f.id FROM {files} f JOIN {context} x ON x.id = f.contextid JOIN {context} c ON c.contextlevel = 50
            AND (x.id = c.id OR x.path LIKE CONCAT(c.path, '/%')) WHERE c.instanceid = ? AND f.filename <> '.'",
        'block_instances' => 'SELECT b.id FROM {block_instances} b JOIN {context} x ON x.id = b.parentcontextid
            WHERE x.contextlevel = 50 AND x.instanceid = ?',
        'assign_submission' => 'SELECT s.id FROM {assign_submission} s JOIN {assign} a ON a.id = s.assignment WHERE a.course = ?',
        'assignsubmission_onlinetext' => 'SELECT s.id FROM {assignsubmission_onlinetext} s JOIN {assign} a ON a.id = s.assignment
            WHERE a.course = ?',
        'book_chapters' => 'SELECT c.id FROM {book_chapters} c JOIN {book} b ON b.id = c.bookid WHERE b.course = ?',
        'choice_options' => 'SELECT o.id FROM {choice_options} o JOIN {choice} c ON c.id = o.choiceid WHERE c.course = ?',
        'choice_answers' => 'SELECT o.id FROM {choice_answers} o JOIN {choice} c ON c.id = o.choiceid WHERE c.course = ?',
        'data_fields' => 'SELECT f.id FROM {data_fields} f JOIN {data} d ON d.id = f.dataid WHERE d.course = ?',
        'data_records' => 'SELECT r.id FROM {data_records} r JOIN {data} d ON d.id = r.dataid WHERE d.course = ?',
        'data_content' => 'SELECT c.id FROM {data_content} c JOIN {data_records} r ON r.id = c.recordid JOIN {data} d ON d.id = r.dataid
            WHERE d.course = ?',
        'feedback_item' => 'SELECT i.id FROM {feedback_item} i JOIN {feedback} f ON f.id = i.feedback WHERE f.course = ?',
        'forum_discussions' => 'SELECT id FROM {forum_discussions} WHERE course = ?',
        'forum_posts' => 'SELECT p.id FROM {forum_posts} p JOIN {forum_discussions} d ON d.id = p.discussion WHERE d.course = ?',
        'glossary_entries' => 'SELECT e.id FROM {glossary_entries} e JOIN {glossary} g ON g.id = e.glossaryid WHERE g.course = ?',
        'lesson_pages' => 'SELECT p.id FROM {lesson_pages} p JOIN {lesson} l ON l.id = p.lessonid WHERE l.course = ?',
        'lesson_answers' => 'SELECT p.id FROM {lesson_answers} p JOIN {lesson} l ON l.id = p.lessonid WHERE l.course = ?',
        'quiz_slots' => 'SELECT s.id FROM {quiz_slots} s JOIN {quiz} q ON q.id = s.quizid WHERE q.course = ?',
        'quiz_attempts' => 'SELECT a.id FROM {quiz_attempts} a JOIN {quiz} q ON q.id = a.quiz WHERE q.course = ?',
        'quiz_grades' => 'SELECT g.id FROM {quiz_grades} g JOIN {quiz} q ON q.id = g.quiz WHERE q.course = ?',
        'question_attempts' => 'SELECT t.id FROM {question_attempts} t JOIN {quiz_attempts} a ON a.uniqueid = t.questionusageid
            JOIN {quiz} q ON q.id = a.quiz WHERE q.course = ?',
        'question_attempt_steps' => 'SELECT s.id FROM {question_attempt_steps} s JOIN {question_attempts} t ON t.id = s.questionattemptid
            JOIN {quiz_attempts} a ON a.uniqueid = t.questionusageid JOIN {quiz} q ON q.id = a.quiz WHERE q.course = ?',
        'wiki_pages' => 'SELECT p.id FROM {wiki_pages} p JOIN {wiki_subwikis} s ON s.id = p.subwikiid JOIN {wiki} w ON w.id = s.wikiid
            WHERE w.course = ?',
        'workshop_submissions' => 'SELECT s.id FROM {workshop_submissions} s JOIN {workshop} w ON w.id = s.workshopid WHERE w.course = ?',
    ];
    /**
     * @var string[] columns that hold when a row was made or worked out, an order among all courses, or a
     *     number of another row
     */
    const OWN = [
        'id', 'course', 'courseid', 'instance', 'module', 'section', 'sequence', 'cacherev', 'contextid', 'enrolid', 'groupid',
        'groupingid', 'itemid', 'iteminstance', 'categoryid', 'parent', 'path', 'cm', 'coursemoduleid', 'bookid', 'choiceid', 'optionid',
        'dataid', 'recordid', 'fieldid', 'feedback', 'forum', 'discussion', 'firstpost', 'usermodified', 'glossaryid', 'lessonid',
        'pageid', 'prevpageid', 'nextpageid', 'quizid', 'quiz', 'uniqueid', 'questionusageid', 'questionid', 'questionattemptid',
        'subwikiid', 'wikiid', 'workshopid', 'assignment', 'submission', 'parentcontextid', 'pathnamehash', 'userid', 'modifierid',
        'aggregationcoef2', 'moduleinstance', 'reference', 'conceptid', 'defaultgroupingid', 'outcomeid', 'scaleid', 'responsesummary',
        'calendarid', 'rawscaleid', 'scale', 'uuid', 'sortorder', 'jumpto', 'customint1', 'availability', 'originalcourseid',
        'criteriaid', 'usercreated', 'usermodified', 'grade', 'questionidentifier', 'currentpage', 'layout', 'conclusion', 'added',
        'configdata', 'version', 'meetingid', 'moderatorpass', 'viewerpass', 'guestlinkuid', 'guestpassword', 'servicesalt', 'evaluation',
        'revision', 'visibleold', 'completiongradeitemnumber', 'rootpageid', 'clonedfrom', 'launch', 'criteriatype', 'hash', 'badgeid',
        'nextcron', 'timeexpires', 'repeatid', 'gradecat', 'typeid', 'toolproxyid', 'resourcelinkid', 'component', 'sha1hash', 'mathjax',
    ];

    /** @var string[] what core's restore sets anew, with all data of people (docs/restoring.md) */
    const NOT_BACK = [
        'book_chapters.timecreated', 'course_sections.timemodified', 'files.timecreated', 'files.timemodified', 'grade_items.timecreated',
        'grade_items.timemodified', 'groups.timemodified', 'groups_members.timeadded', 'role_assignments.timemodified',
        'user_enrolments.timecreated', 'user_enrolments.timemodified',
    ];

    /**
     * Make the course.
     *
     * @param \testing_data_generator $generator
     * @param string $shortname
     * @return stdClass
     */
    public static function make(\testing_data_generator $generator, string $shortname): stdClass {
        global $CFG, $DB, $USER;

        require_once($CFG->libdir . '/completionlib.php');
        require_once($CFG->libdir . '/gradelib.php');
        require_once($CFG->dirroot . '/mod/quiz/locallib.php');
        $admin = $USER;
        $course = $generator->create_course([
            'shortname' => $shortname, 'fullname' => "Обо всём & «прочем» $shortname", 'idnumber' => "N-$shortname", 'numsections' => 4,
            'summary' => '<p>Всё понемногу</p>', 'format' => 'topics', 'enablecompletion' => 1, 'startdate' => 1600000000,
        ]);
        $people = [];
        for ($i = 1; $i <= self::PEOPLE; $i++) {
            $people[] = $generator->create_and_enrol($course, 'student', ['username' => "learner$i." . strtolower($shortname)]);
        }
        $generator->create_and_enrol($course, 'editingteacher', ['username' => 'teacher.' . strtolower($shortname)]);
        $groups = [];
        foreach (['Утро', 'Вечер'] as $index => $name) {
            $groups[] = $generator->create_group(['courseid' => $course->id, 'name' => $name, 'idnumber' => "g$index"]);
        }
        $grouping = $generator->create_grouping(['courseid' => $course->id, 'name' => 'Поток']);
        foreach ($groups as $index => $group) {
            $generator->create_grouping_group(['groupingid' => $grouping->id, 'groupid' => $group->id]);
            $generator->create_group_member(['groupid' => $group->id, 'userid' => $people[$index]->id]);
        }
        $generator->create_block('html', [
            'parentcontextid' => context_course::instance($course->id)->id,
            'configdata' => base64_encode(serialize((object) ['title' => 'Блок', 'text' => 'Текст'])),
        ]);
        $scale = $generator->create_scale(['courseid' => $course->id, 'name' => 'Шкала', 'scale' => 'плохо, хорошо']);
        $generator->create_event(['courseid' => $course->id, 'eventtype' => 'course', 'name' => 'Собрание', 'userid' => $admin->id]);
        $made = self::activities($generator, $course, (int) $scale->id);
        self::contents($generator, $course, $made, $people);
        self::quiz($generator, $course, $made['quiz'], $people);
        self::badge($course);
        foreach ($people as $index => $person) {
            grade_update('mod/assign', $course->id, 'mod', 'assign', $made['assign']->id, 0, [
                'userid' => $person->id, 'rawgrade' => 50 + $index, 'feedback' => "Отзыв $index",
            ]);
            $info = new \completion_info($course);
            $info->update_state(get_coursemodule_from_id('page', $made['page']->cmid), COMPLETION_COMPLETE, $person->id);
        }
        grade_regrade_final_grades($course->id);
        return $course;
    }

    /**
     * The course as the database has it.
     *
     * @param int $courseid
     * @return array sorted values by `table.column`
     */
    public static function read(int $courseid): array {
        global $DB;

        $rows = self::ROWS;
        foreach (self::KINDS as $kind) {
            $rows[$kind] = "SELECT id FROM {{$kind}} WHERE course = ?";
        }
        $found = [];
        foreach ($rows as $table => $sql) {
            if (!$DB->get_manager()->table_exists($table)) {
                continue;
            }
            $ids = $DB->get_fieldset_sql($sql, [$courseid]);
            $found["$table.*"] = [count($ids)];
            foreach ($DB->get_records_list($table, 'id', $ids ?: [0]) as $row) {
                foreach (array_diff_key((array) $row, array_flip(self::OWN)) as $column => $value) {
                    $found["$table.$column"][] = $value ? str_replace("\r\n", "\n", (string) $value) : '';
                }
            }
        }
        foreach ($found as &$values) {
            sort($values, SORT_STRING);
        }
        return $found;
    }

    /**
     * One activity of each kind.
     *
     * @param \testing_data_generator $generator
     * @param stdClass $course
     * @param int $scaleid
     * @return stdClass[] by kind
     */
    private static function activities(\testing_data_generator $generator, stdClass $course, int $scaleid): array {
        global $DB;

        $made = [];
        foreach (self::KINDS as $number => $kind) {
            if (!$DB->record_exists('modules', ['name' => $kind]) || !\core_component::get_plugin_directory('mod', $kind)) {
                continue;
            }
            $DB->set_field('modules', 'visible', 1, ['name' => $kind]);
            $more = $kind === 'page' ? ['completion' => 1] : [];
            $more += $kind === 'assign' ? ['assignsubmission_onlinetext_enabled' => 1] : [];
            $more += $kind === 'forum' ? ['assessed' => 1, 'scale' => -$scaleid] : [];
            $made[$kind] = $generator->create_module($kind, $more + [
                'course' => $course->id, 'name' => "Элемент $kind", 'section' => $number % 4, 'intro' => "<p>О $kind</p>",
            ]);
        }
        return $made;
    }

    /**
     * What is in the activities.
     *
     * @param \testing_data_generator $generator
     * @param stdClass $course
     * @param stdClass[] $made
     * @param stdClass[] $people
     */
    private static function contents(\testing_data_generator $generator, stdClass $course, array $made, array $people): void {
        global $DB;

        $of = static function (string $kind) use ($generator) {
            return $generator->get_plugin_generator('mod_' . $kind);
        };
        $of('book')->create_chapter(['bookid' => $made['book']->id, 'title' => 'Глава', 'content' => 'Текст']);
        $of('glossary')->create_content($made['glossary'], ['concept' => 'Понятие', 'definition' => 'Определение', 'approved' => 1]);
        $of('lesson')->create_content($made['lesson'], ['title' => 'Страница']);
        $of('lesson')->create_question_truefalse($made['lesson'], ['title' => 'Верно ли']);
        $of('feedback')->create_item_numeric($made['feedback'], ['name' => 'Сколько']);
        $of('wiki')->create_first_page($made['wiki']);
        $field = $of('data')->create_field((object) ['name' => 'Поле', 'type' => 'text'], $made['data']);
        $options = $DB->get_fieldset_select('choice_options', 'id', 'choiceid = ?', [$made['choice']->id]);
        foreach ($people as $index => $person) {
            $post = $of('forum')->create_discussion([
                'course' => $course->id, 'forum' => $made['forum']->id, 'userid' => $person->id, 'name' => "Тема $index",
            ]);
            $of('forum')->create_post([
                'discussion' => $post->id, 'parent' => $post->firstpost, 'userid' => $people[0]->id, 'message' => "Ответ $index",
            ]);
            $of('data')->create_entry($made['data'], [$field->field->id => "Запись $index"], 0, [], null, (int) $person->id);
            $of('workshop')->create_submission($made['workshop']->id, $person->id, ['title' => "Работа $index"]);
            $DB->insert_record('choice_answers', [
                'choiceid' => $made['choice']->id, 'userid' => $person->id, 'optionid' => reset($options), 'timemodified' => 1600000000,
            ]);
            $of('assign')->create_submission([
                'userid' => $person->id, ($GLOBALS['CFG']->branch >= 401 ? 'cmid' : 'assignid') => $made['assign']->cmid,
                'onlinetext' => "Ответ ученика $index",
            ]);
        }
    }

    /**
     * Questions, and an attempt of each person.
     *
     * @param \testing_data_generator $generator
     * @param stdClass $course
     * @param stdClass $quiz
     * @param stdClass[] $people
     */
    private static function quiz(\testing_data_generator $generator, stdClass $course, stdClass $quiz, array $people): void {
        $questions = $generator->get_plugin_generator('core_question');
        $bank = class_exists('core_question\local\bank\question_bank_helper') && $GLOBALS['CFG']->branch >= 500
            ? \context_module::instance($quiz->cmid) : context_course::instance($course->id);
        $category = $questions->create_question_category(['contextid' => $bank->id, 'name' => 'Вопросы']);
        foreach (['shortanswer', 'numerical', 'truefalse', 'multichoice', 'essay'] as $type) {
            $question = $questions->create_question($type, null, ['category' => $category->id, 'name' => "Вопрос $type"]);
            quiz_add_quiz_question($question->id, $quiz);
        }
        if (class_exists('mod_quiz\quiz_settings')) {
            \mod_quiz\quiz_settings::create($quiz->id)->get_grade_calculator()->recompute_quiz_sumgrades();
        } else {
            quiz_update_sumgrades($quiz);
        }
        $create = class_exists('mod_quiz\quiz_settings') ? ['mod_quiz\quiz_settings', 'create'] : ['quiz', 'create'];
        foreach ($people as $index => $person) {
            $settings = $create($quiz->id, $person->id);
            $usage = \question_engine::make_questions_usage_by_activity('mod_quiz', $settings->get_context());
            $usage->set_preferred_behaviour($settings->get_quiz()->preferredbehaviour);
            $attempt = quiz_create_attempt($settings, 1, false, time(), false, $person->id);
            quiz_start_new_attempt($settings, $usage, $attempt, 1, time());
            quiz_attempt_save_started($settings, $usage, $attempt);
            if ($index) { // The first one is still at it.
                $class = class_exists('mod_quiz\quiz_attempt') ? 'mod_quiz\quiz_attempt' : 'quiz_attempt';
                $object = $class::create($attempt->id);
                $object->process_submitted_actions(time(), false, [1 => ['answer' => 'frog']]);
                method_exists($object, 'process_submit') && method_exists($object, 'process_grade_submission')
                    ? [$object->process_submit(time(), false), $object->process_grade_submission(time())]
                    : $object->process_finish(time(), false);
            }
        }
    }

    /**
     * A badge.
     *
     * @param stdClass $course
     */
    private static function badge(stdClass $course): void {
        global $CFG, $DB, $USER;

        require_once($CFG->libdir . '/badgeslib.php');
        $DB->insert_record('badge', [
            'name' => 'Значок', 'description' => 'За всё', 'timecreated' => 1600000000, 'timemodified' => 1600000000,
            'usercreated' => $USER->id, 'usermodified' => $USER->id, 'issuername' => 'Школа', 'issuerurl' => 'https://example.org',
            'issuercontact' => '', 'expiredate' => null, 'expireperiod' => null, 'type' => BADGE_TYPE_COURSE, 'courseid' => $course->id,
            'message' => 'Вот', 'messagesubject' => 'Значок', 'attachment' => 1, 'notification' => 0, 'status' => BADGE_STATUS_INACTIVE,
        ]);
    }
}
