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
 * Tests of the steps on courses: categories, their order, the front page, files that are replaced.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/step_testcase.php');

/**
 * Categories, order, front page, files.
 *
 * @covers \local_otbridge\step\category_create
 * @covers \local_otbridge\step\category_sort_courses
 * @covers \local_otbridge\step\frontpage_set
 * @covers \local_otbridge\step\file_replace
 * @covers \local_otbridge\program_files
 */
class step_courses_test extends step_testcase {
    public function test_a_tree_of_categories_with_a_course_is_made_and_taken_back() {
        global $DB;
        $this->prove([
            'top' => ['step' => 'category.create', 'name' => 'Бакалавриат', 'idnumber' => 'b', 'descriptionhtml' => '<p>О ней</p>'],
            'low' => ['step' => 'category.create', 'parent' => '$top.id', 'name' => '1 курс', 'visible' => false],
            'c' => ['step' => 'course.create', 'category' => '$low.id', 'fullname' => 'Химия', 'shortname' => 'chem'],
        ], function (array $results) use ($DB) {
            $low = $DB->get_record('course_categories', ['id' => $results['low']['id']]);
            $this->assertSame([(string) $results['top']['id'], '0', '2'], [$low->parent, $low->visible, $low->depth]);
            $this->assertSame((string) $low->id, $DB->get_field('course', 'category', ['id' => $results['c']['id']]));
        });
    }

    public function test_faults_of_categories_are_found_beforehand() {
        $this->getDataGenerator()->create_category(['name' => 'Есть', 'idnumber' => 'x']);
        $this->assertSame([
            'steps[0].name categorynametaken', 'steps[1].idnumber idnumbertaken', 'steps[3].name categorynametaken',
            'steps[5].name categorynametaken',
        ], $this->faults([
            'a' => ['step' => 'category.create', 'name' => 'Есть'],
            'b' => ['step' => 'category.create', 'name' => 'Б', 'idnumber' => 'x'],
            'c' => ['step' => 'category.create', 'name' => 'Новая'], 'd' => ['step' => 'category.create', 'name' => 'Новая'],
            'e' => ['step' => 'category.create', 'parent' => '$c.id', 'name' => 'Новая'],
            'f' => ['step' => 'category.create', 'parent' => '$c.id', 'name' => 'Новая'],
        ]));
        set_config('categories', $this->course->category, 'local_otbridge');
        $this->assertSame(['steps[0].parent categorynotallowed'], $this->faults([
            'a' => ['step' => 'category.create', 'name' => 'Наверху'],
        ]));
        $this->assertSame([], $this->faults([
            'a' => ['step' => 'category.create', 'parent' => (int) $this->course->category, 'name' => 'Внутри'],
        ]));
    }

    public function test_a_category_in_which_somebody_works_stays() {
        global $DB;
        $key = $this->key();
        $made = $this->do(['a' => ['step' => 'category.create', 'name' => 'А']], $key);
        $course = $this->getDataGenerator()->create_course(['category' => $made['a']['id']]);
        $this->assertSame('categorynotempty', $this->take_back($key)['errorcode']);
        $DB->set_field('course', 'timecreated', time() + 5, ['id' => $course->id]);
        $this->assertSame('changedsince', $this->take_back($key)['errorcode']);
    }

    /**
     * Courses of a category in their order.
     *
     * @param int $category
     * @return string[]
     */
    private function order(int $category): array {
        $found = [];
        foreach (\core_course_category::get($category)->get_courses() as $course) {
            $found[] = $course->shortname;
        }
        return $found;
    }

    public function test_courses_are_sorted_and_their_order_comes_back() {
        $category = (int) $this->getDataGenerator()->create_category()->id;
        foreach (['в' => [300, 'Третий'], 'б' => [100, 'Первый 10'], 'а' => [200, 'Второй'], 'г' => [100, 'Первый 9']] as $name => [$start, $title]) {
            $this->getDataGenerator()->create_course([
                'category' => $category, 'shortname' => $name, 'fullname' => $title, 'startdate' => $start,
            ]);
        }
        $before = $this->order($category);
        $step = ['step' => 'category.sort_courses', 'category' => $category, 'by' => 'startdate'];
        $this->prove(['s' => $step], function () use ($category) {
            $this->assertSame(['г', 'б', 'а', 'в'], $this->order($category));
        });
        $this->assertSame($before, $this->order($category));
        foreach (['shortname' => ['а', 'б', 'в', 'г'], 'fullname' => ['а', 'г', 'б', 'в']] as $by => $wanted) {
            $this->do(['s' => ['by' => $by] + $step]);
            $this->assertSame($wanted, $this->order($category));
            $this->do(['s' => ['by' => $by, 'descending' => true] + $step]);
            $this->assertSame(array_reverse($wanted), $this->order($category));
        }
    }

    public function test_a_new_course_does_not_stand_in_the_way_but_another_order_does() {
        $category = (int) $this->getDataGenerator()->create_category()->id;
        foreach (['в' => 300, 'б' => 100, 'а' => 200] as $name => $start) {
            $this->getDataGenerator()->create_course(['category' => $category, 'shortname' => $name, 'startdate' => $start]);
        }
        $before = $this->order($category);
        $step = ['step' => 'category.sort_courses', 'category' => $category, 'by' => 'startdate'];
        $key = $this->key();
        $this->do(['s' => $step], $key);
        $this->getDataGenerator()->create_course(['category' => $category, 'shortname' => 'новый']);
        $this->assertSame('done', $this->take_back($key)['status']);
        $this->assertSame($before, array_values(array_diff($this->order($category), ['новый'])));
        $key = $this->key();
        $this->do(['s' => $step], $key);
        \core_course_category::get($category)->resort_courses('shortnamedesc');
        $this->assertSame('changedsince', $this->take_back($key)['errorcode']);
    }

    public function test_the_front_page_lists_all_courses_without_categories() {
        set_config('frontpage', '0,4,7');
        set_config('frontpageloggedin', '5');
        $key = $this->key();
        $steps = ['f' => ['step' => 'frontpage.set', 'by' => 'startdate']];
        $this->do($steps, $key);
        $this->assertSame(['0,6,7', '5,6'], [get_config('core', 'frontpage'), get_config('core', 'frontpageloggedin')]);
        $this->assertFalse($this->do($steps)['f']['changed']);
        set_config('frontpageloggedin', '7');
        $this->assertSame('changedsince', $this->take_back($key)['errorcode']);
        set_config('frontpageloggedin', '5,6');
        $this->assertSame('done', $this->take_back($key)['status']);
        $this->assertSame(['0,4,7', '5'], [get_config('core', 'frontpage'), get_config('core', 'frontpageloggedin')]);
    }

    public function test_an_order_across_categories_that_core_cannot_keep_is_refused() {
        global $DB;
        $second = $this->getDataGenerator()->create_category();
        $this->getDataGenerator()->create_course(['category' => $second->id, 'startdate' => 50]);
        $this->assertSame(['steps[0].by frontpagecategories'], $this->faults(['f' => ['step' => 'frontpage.set', 'by' => 'startdate']]));
        $DB->set_field('course', 'startdate', 49, ['id' => $this->course->id]);
        $this->assertSame([], $this->faults(['f' => ['step' => 'frontpage.set', 'by' => 'startdate']]));
    }

    /**
     * Name and content of the file that an element opens.
     *
     * @param \stdClass $resource
     * @return string[]
     */
    private function main_file(\stdClass $resource): array {
        $context = \context_module::instance($resource->cmid);
        $files = get_file_storage()->get_area_files($context->id, 'mod_resource', 'content', 0, 'sortorder DESC, id', false);
        $first = reset($files);
        return [$first->get_filename(), $first->get_content()];
    }

    /**
     * An element with a file.
     *
     * @param array $more
     * @return \stdClass
     */
    private function resource(array $more = []): \stdClass {
        return $this->getDataGenerator()->create_module('resource', $more + [
            'course' => $this->course->id, 'name' => 'Презентация', 'section' => 1, 'display' => 0,
        ]);
    }

    public function test_a_file_is_replaced_opens_otherwise_and_comes_back() {
        global $DB;
        $resource = $this->resource();
        $old = $this->main_file($resource);
        $new = $this->file('Новая.pdf', "%PDF-1.4 \u{43d}овая");
        foreach ([['element' => ['name' => 'Презентация']], ['section' => 1]] as $where) {
            $steps = ['r' => $where + ['step' => 'file.replace', 'course' => (int) $this->course->id, 'file' => $new, 'display' => 'open']];
            $this->prove($steps, function (array $results) use ($DB, $resource, $old) {
                $this->assertSame(['Новая.pdf', "%PDF-1.4 новая"], $this->main_file($resource));
                $this->assertSame([$old[0], 'Новая.pdf'], [$results['r']['old'], $results['r']['new']]);
                $this->assertSame('5', $DB->get_field('resource', 'display', ['id' => $resource->id]));
            });
            $this->assertSame($old, $this->main_file($resource));
        }
    }

    public function test_a_file_of_the_same_name_is_replaced_and_browsers_are_told() {
        global $DB;
        $resource = $this->resource();
        $old = $this->main_file($resource);
        $revision = (int) $DB->get_field('resource', 'revision', ['id' => $resource->id]);
        $steps = ['r' => [
            'step' => 'file.replace', 'course' => (int) $this->course->id, 'section' => 1, 'file' => $this->file($old[0], 'другое'),
        ]];
        $key = $this->key();
        $this->do($steps, $key);
        $this->assertSame([$old[0], 'другое'], $this->main_file($resource));
        $this->assertSame($revision + 1, (int) $DB->get_field('resource', 'revision', ['id' => $resource->id]));
        $this->assertSame('done', $this->take_back($key)['status']);
        $this->assertSame($old, $this->main_file($resource));
        $this->assertSame($revision + 2, (int) $DB->get_field('resource', 'revision', ['id' => $resource->id]));
    }

    public function test_a_file_that_somebody_replaced_since_stays() {
        $resource = $this->resource();
        $steps = ['r' => [
            'step' => 'file.replace', 'course' => (int) $this->course->id, 'section' => 1, 'file' => $this->file('a.pdf', 'наш'),
        ]];
        $first = $this->key();
        $this->do($steps, $first);
        $steps['r']['file'] = $this->file('b.pdf', 'их');
        $second = $this->key();
        $this->do($steps, $second);
        $this->assertSame('changedsince', $this->take_back($first)['errorcode']);
        $this->assertSame(['b.pdf', 'их'], $this->main_file($resource));
        $this->assertSame('done', $this->take_back($second)['status']);
        $this->assertSame('done', $this->take_back($first)['status']);
    }

    public function test_what_does_not_name_one_file_is_refused() {
        $this->resource();
        $this->resource(['name' => 'Вторая']);
        $this->getDataGenerator()->create_module('page', ['course' => $this->course->id, 'name' => 'Страница', 'section' => 2]);
        $file = $this->file('a.pdf', 'a');
        $step = ['step' => 'file.replace', 'course' => (int) $this->course->id, 'file' => $file];
        $this->assertSame([
            'steps[0].section filesinsection', 'steps[1].section nofileinsection', 'steps[2].element elementnotfound',
            'steps[3].element elementnamed', 'steps[5].element elementtwice',
        ], $this->faults([
            'a' => $step + ['section' => 1], 'b' => $step + ['section' => 2], 'c' => $step + ['element' => ['name' => 'Страница']],
            'd' => $step, 'e' => $step + ['element' => ['name' => 'Вторая']], 'f' => $step + ['element' => ['name' => 'Вторая']],
        ]));
    }

    public function test_what_was_put_aside_goes_when_the_operation_is_forgotten() {
        global $DB;
        $this->resource();
        $key = $this->key();
        $this->do(['r' => [
            'step' => 'file.replace', 'course' => (int) $this->course->id, 'section' => 1, 'file' => $this->file('a.pdf', 'наш'),
        ]], $key);
        $this->assertSame(1, $DB->count_records('files', ['component' => 'local_otbridge', 'filearea' => program_files::ASIDE]));
        set_config('retention', 1, 'local_otbridge');
        $DB->set_field(operations::TABLE, 'timefinished', 5, ['opkey' => $key]);
        (new task\forget())->execute();
        $this->assertSame(0, $DB->count_records('files', ['component' => 'local_otbridge', 'filearea' => program_files::ASIDE]));
    }
}
