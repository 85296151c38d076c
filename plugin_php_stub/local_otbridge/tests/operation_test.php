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
 * Tests of operations: run once, resumed, failing, taken back.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use local_otbridge\external\get_operation;
use local_otbridge\external\run;
use local_otbridge\external\undo;
use local_otbridge\task\forget;
use local_otbridge\task\rescue;
use local_otbridge\task\work_on;

/**
 * A program is whole or undone, whatever happens.
 *
 * @covers \local_otbridge\intake
 * @covers \local_otbridge\operations
 * @covers \local_otbridge\worker
 * @covers \local_otbridge\run_worker
 * @covers \local_otbridge\undo_worker
 * @covers \local_otbridge\task\work_on
 * @covers \local_otbridge\task\rescue
 * @covers \local_otbridge\task\forget
 */
class operation_test extends \advanced_testcase {
    /** @var int the next key */
    private $number = 0;

    /**
     * Every test writes; transactions are real ones.
     */
    protected function setUp(): void {
        parent::setUp();
        $this->resetAfterTest();
        $this->preventResetByRollback();
        $this->setAdminUser();
        set_config('categorybinenable', 0, 'tool_recyclebin');
    }

    /**
     * A new key.
     *
     * @return string
     */
    private function key(): string {
        return sprintf('00000000-0000-4000-8000-%012d', ++$this->number);
    }

    /**
     * A program with a course and groups of these names.
     *
     * @param string[] $groups
     * @return string
     */
    private function program(array $groups = ['Первая', 'Вторая']): string {
        $steps = [[
            'step' => 'course.create', 'as' => 'course', 'category' => (int) \core_course_category::get_default()->id,
            'fullname' => 'Химия & опыты', 'shortname' => 'chem', 'sections' => [['name' => 'Раз'], ['name' => 'Два']],
        ], ];
        foreach ($groups as $index => $name) {
            $steps[] = ['step' => 'group.create', 'as' => 'g' . $index, 'course' => '$course.id', 'name' => $name];
        }
        return json_encode(['version' => 1, 'ticket' => 'OT-1', 'steps' => $steps]);
    }

    /**
     * Run a program.
     *
     * @param string $key
     * @param string|null $program
     * @return array the operation, its JSON decoded
     */
    private function run_program(string $key, ?string $program = null): array {
        return $this->decoded(run::execute($key, $program ?? $this->program()));
    }

    /**
     * An operation with its JSON decoded, as the web service gives it.
     *
     * @param array $told
     * @return array
     */
    private function decoded(array $told): array {
        $clean = \core_external\external_api::clean_returnvalue(get_operation::execute_returns(), $told);
        $clean['result'] = json_decode($clean['result'], true);
        $clean['faults'] = json_decode($clean['faults'], true);
        return $clean;
    }

    /**
     * The error code of a call.
     *
     * @param callable $call
     * @return string
     */
    private function refusal(callable $call): string {
        try {
            $call();
        } catch (\moodle_exception $error) {
            return $error->errorcode;
        }
        return 'not refused';
    }

    /**
     * Make an operation look as if its process had died after so many steps.
     *
     * @param string $key
     * @param int $steps
     * @return \stdClass its row
     */
    private function die_after(string $key, int $steps): \stdClass {
        global $DB;
        $row = operations::find($key);
        foreach (array_slice(step_rows::of((int) $row->id), $steps) as $step) {
            groups_delete_group(json_decode($step->result)->id);
            step_rows::delete($step);
        }
        operations::update($row, [
            'status' => 'running', 'timefinished' => 0, 'stepsdone' => $steps, 'result' => null, 'attempting' => 'run ' . $steps,
        ]);
        return $row;
    }

    public function test_a_program_is_run_once() {
        global $DB;
        $key = $this->key();
        $courses = $DB->count_records('course');
        $sink = $this->redirectEvents();
        $told = $this->run_program($key);
        $this->assertSame(['done', 3, 3, 1.0, ''], [
            $told['status'], $told['stepsdone'], $told['stepstotal'], (float) $told['progress'], $told['error'],
        ]);
        $names = array_map('get_class', $sink->get_events());
        $this->assertContains(event\operation_done::class, $names);
        $course = $DB->get_record('course', ['id' => $told['result']['course']['id']]);
        $this->assertSame(['chem', 'Химия & опыты'], [$course->shortname, $course->fullname]);
        $sections = $DB->get_records_menu('course_sections', ['course' => $course->id], 'section', 'section, name');
        $this->assertSame([1 => 'Раз', 2 => 'Два'], array_filter($sections));
        $this->assertSame(2, $DB->count_records('groups', ['courseid' => $course->id]));
        $this->assertSame($told, $this->run_program(strtoupper($key), $this->program() . ' '));
        $this->assertSame($courses + 1, $DB->count_records('course'));
        $this->assertSame($told, $this->decoded(get_operation::execute($key)));
        $this->assertSame('opkeyreused', $this->refusal(function () use ($key) {
            $this->run_program($key, $this->program(['Третья']));
        }));
    }

    public function test_a_refusal_leaves_the_key_free() {
        $key = $this->key();
        $this->assertSame('paramlength', $this->refusal(function () use ($key) {
            $this->run_program($key, $this->program(['']));
        }));
        $this->assertSame('none', get_operation::execute($key)['status']);
        $this->assertSame('done', $this->run_program($key)['status']);
    }

    public function test_a_failing_program_takes_back_what_it_did() {
        global $DB;
        $before = [$DB->count_records('course'), $DB->count_records('groups'), $DB->count_records('context')];
        $key = $this->key();
        $sink = $this->redirectEvents();
        $told = $this->run_program($key, $this->program(['Первая', '$g0.name']));
        $this->assertSame(['failed', 'groupnametaken', ['left' => []]], [$told['status'], $told['errorcode'], $told['result']]);
        $this->assertSame(['steps[2].name', 'Первая'], [$told['faults'][0]['path'], $told['faults'][0]['facts']['name']]);
        $this->assertSame($before, [$DB->count_records('course'), $DB->count_records('groups'), $DB->count_records('context')]);
        $this->assertFalse($DB->is_transaction_started());
        $this->assertContains(event\operation_failed::class, array_map('get_class', $sink->get_events()));
        $this->assertSame($told, $this->run_program($key, $this->program(['Первая', '$g0.name'])));
    }

    public function test_a_killed_program_goes_on_with_the_first_step_without_a_row() {
        global $DB;
        $key = $this->key();
        $first = $this->run_program($key);
        $this->die_after($key, 2);
        $again = $this->run_program($key);
        $this->assertSame('done', $again['status']);
        $this->assertSame($first['result']['g0'], $again['result']['g0']);
        $this->assertNotSame($first['result']['g1'], $again['result']['g1']);
        $this->assertSame(2, $DB->count_records('groups', ['courseid' => $first['result']['course']['id']]));
    }

    public function test_a_step_that_kills_every_time_ends_the_program_which_is_taken_back() {
        global $DB;
        $key = $this->key();
        $course = $this->run_program($key)['result']['course']['id'];
        operations::update($this->die_after($key, 2), ['attempts' => worker::ATTEMPTS]);
        $told = $this->run_program($key);
        $this->assertSame(['failed', 'interrupted', 'steps[2]'], [$told['status'], $told['errorcode'], $told['faults'][0]['path']]);
        $this->assertFalse($DB->record_exists('course', ['id' => $course]));
    }

    public function test_an_undoing_takes_back_backwards_and_once() {
        global $DB;
        $key = $this->key();
        $course = $this->run_program($key)['result']['course']['id'];
        $by = $this->key();
        $told = $this->decoded(undo::execute($by, $key));
        $this->assertSame(['done', 'undo', $key, 'OT-1'], [$told['status'], $told['kind'], $told['undoes'], $told['ticket']]);
        $this->assertSame(
            ['undone' => ['steps[2] group.create', 'steps[1] group.create', 'steps[0] course.create'], 'left' => []],
            $told['result']
        );
        $this->assertFalse($DB->record_exists('course', ['id' => $course]));
        $this->assertSame($by, get_operation::execute($key)['undone']);
        $this->assertSame($told, $this->decoded(undo::execute($by, $key)));
        $refusals = [[$this->key(), $key, 'alreadyundone'], [$this->key(), $this->key(), 'unknownoperation'], [$by, $by, 'opkeyreused']];
        foreach ($refusals as [$one, $other, $code]) {
            $this->assertSame($code, $this->refusal(function () use ($one, $other) {
                undo::execute($one, $other);
            }));
        }
    }

    public function test_what_somebody_changed_since_is_not_destroyed() {
        global $DB;
        $key = $this->key();
        $result = $this->run_program($key)['result'];
        $DB->set_field('groups', 'timemodified', time() + 5, ['id' => $result['g0']['id']]);
        foreach ([['steps[2] group.create'], []] as $undone) {
            $told = $this->decoded(undo::execute($this->key(), $key));
            $this->assertSame(['failed', 'changedsince'], [$told['status'], $told['errorcode']]);
            $this->assertSame($undone, $told['result']['undone']);
            $this->assertSame(['steps[1] group.create', 'steps[0] course.create'], $told['result']['left']);
            $this->assertSame(['steps[1]', 'Первая'], [$told['faults'][0]['path'], $told['faults'][0]['facts']['what']]);
        }
        $this->assertTrue($DB->record_exists('groups', ['id' => $result['g0']['id']]));
    }

    public function test_a_course_that_somebody_worked_in_stays() {
        global $DB;
        $key = $this->key();
        $course = $this->run_program($key, $this->program([]))['result']['course']['id'];
        $DB->set_field(operations::TABLE, 'timefinished', time() - 10, ['opkey' => $key]);
        $this->getDataGenerator()->create_module('page', ['course' => $course]);
        $told = $this->decoded(undo::execute($this->key(), $key));
        $this->assertSame(['failed', 'changedsince', 'steps[0]'], [
            $told['status'], $told['errorcode'], $told['faults'][0]['path'],
        ]);
        $this->assertTrue($DB->record_exists('course', ['id' => $course]));
    }

    public function test_what_another_operation_made_stands_in_the_way_until_it_is_taken_back() {
        global $DB;
        set_config('enabled_stores', 'logstore_standard', 'tool_log');
        set_config('buffersize', 0, 'logstore_standard');
        get_log_manager(true);
        $key = $this->key();
        $course = $this->run_program($key, $this->program([]))['result']['course']['id'];
        $DB->set_field(operations::TABLE, 'timefinished', time() - 10, ['opkey' => $key]);
        $DB->set_field('course', 'timemodified', time() - 20, ['id' => $course]);
        $DB->set_field('course_modules', 'added', time() - 20, ['course' => $course]);
        $DB->delete_records_select('logstore_standard_log', '1 = 1');
        $other = $this->key();
        $step = ['step' => 'group.create', 'as' => 'g', 'course' => $course, 'name' => 'Чужая'];
        $this->run_program($other, json_encode(['version' => 1, 'steps' => [$step]]));
        $told = $this->decoded(undo::execute($this->key(), $key));
        $this->assertSame(['changedsince', 'group_created'], [$told['errorcode'], $told['faults'][0]['facts']['what']]);
        $this->assertSame('done', undo::execute($this->key(), $other)['status']);
        $this->assertSame('done', undo::execute($this->key(), $key)['status']);
        $this->assertFalse($DB->record_exists('course', ['id' => $course]));
    }

    public function test_the_recycle_bin_of_a_course_goes_with_it() {
        global $DB;
        set_config('coursebinenable', 1, 'tool_recyclebin');
        $course = $this->getDataGenerator()->create_course();
        $page = $this->getDataGenerator()->create_module('page', ['course' => $course->id]);
        course_delete_module($page->cmid);
        $this->assertSame(1, $DB->count_records('tool_recyclebin_course'));
        changes::delete_course((int) $course->id, false);
        $this->assertSame(0, $DB->count_records('tool_recyclebin_course'));
    }

    public function test_an_open_operation_cannot_be_taken_back() {
        $key = $this->key();
        $this->run_program($key);
        operations::update(operations::find($key), ['status' => 'running']);
        $this->assertSame('notended', $this->refusal(function () use ($key) {
            undo::execute($this->key(), $key);
        }));
    }

    public function test_an_operation_without_a_process_is_queued_anew_and_done() {
        global $DB;
        $key = $this->key();
        $this->run_program($key);
        $row = $this->die_after($key, 1);
        $rescue = function () use ($DB) {
            ob_start();
            (new rescue())->execute();
            ob_end_clean();
            return $DB->count_records('task_adhoc', ['component' => 'local_otbridge']);
        };
        $this->assertSame(1, $rescue());
        $this->assertSame(1, $rescue());
        $DB->delete_records('task_adhoc', ['component' => 'local_otbridge']);
        $this->assertSame(1, $rescue());
        $task = new work_on();
        $task->set_custom_data(['operationid' => $row->id]);
        $task->execute();
        $this->setAdminUser();
        $this->assertSame('done', get_operation::execute($key)['status']);
        $DB->delete_records('task_adhoc', ['component' => 'local_otbridge']);
        $this->assertSame(0, $rescue());
    }

    public function test_a_task_of_an_operation_that_a_call_ended_keeps_no_other_from_running() {
        global $DB;
        $key = $this->key();
        $this->run_program($key);
        foreach ([false, true] as $died) {
            work_on::queue((int) operations::find($key)->id);
            if ($died && $DB->get_manager()->field_exists('task_adhoc', 'timestarted')) { // Since 3.10.
                $DB->set_field('task_adhoc', 'timestarted', time() - 60, ['component' => 'local_otbridge']);
            }
            (new rescue())->execute();
            $this->assertSame(0, $DB->count_records('task_adhoc', ['component' => 'local_otbridge']));
        }
    }

    public function test_an_operation_whose_user_is_gone_is_taken_back() {
        global $DB;
        $key = $this->key();
        $course = $this->run_program($key)['result']['course']['id'];
        $row = $this->die_after($key, 2);
        $user = $this->getDataGenerator()->create_user(['suspended' => 1]);
        operations::update($row, ['userid' => $user->id]);
        $task = new work_on();
        $task->set_custom_data(['operationid' => $row->id]);
        $task->execute();
        $this->assertDebuggingCalled();
        $this->assertSame(['failed', 'stepfailed'], [operations::find($key)->status, operations::find($key)->errorcode]);
        $this->assertFalse($DB->record_exists('course', ['id' => $course]));
    }

    public function test_files_are_compared_kept_used_and_removed() {
        global $CFG, $DB, $USER;
        $bytes = file_get_contents($CFG->dirroot . '/lib/tests/fixtures/gd-logo.png');
        $draft = file_get_unused_draft_itemid();
        $where = ['contextid' => \context_user::instance($USER->id)->id, 'component' => 'user', 'filearea' => 'draft', 'itemid' => $draft,
            'filepath' => '/', 'filename' => 'Обложка.png', ];
        $program = json_decode($this->program([]), true);
        $program['files'] = [['sha256' => hash('sha256', $bytes), 'name' => 'Обложка.png', 'size' => strlen($bytes)]];
        $program['steps'][0]['picture'] = ['file' => hash('sha256', $bytes)];
        $order = function (int $draftitemid) use ($program) {
            return run::execute('00000000-0000-4000-8000-00000000f11e', json_encode($program), $draftitemid);
        };
        $this->assertSame('filemissing', $this->refusal(function () use ($order) {
            $order(0);
        }));
        $this->assertSame('filemissing', $this->refusal(function () use ($order, $draft) {
            $order($draft);
        }));
        $file = get_file_storage()->create_file_from_string($where, '');
        $this->assertSame('filechanged', $this->refusal(function () use ($order, $draft) {
            $order($draft);
        }));
        $file->delete();
        get_file_storage()->create_file_from_string($where, $bytes);
        $told = $this->decoded($order($draft));
        $context = \context_course::instance($told['result']['course']['id']);
        $picture = get_file_storage()->get_file($context->id, 'course', 'overviewfiles', 0, '/', 'Обложка.png');
        $this->assertSame($bytes, $picture->get_content());
        $this->assertFalse($DB->record_exists('files', ['component' => 'local_otbridge']));
    }

    public function test_a_ghost_in_the_cache_of_a_course_is_healed() {
        global $DB;
        $course = $this->getDataGenerator()->create_course();
        get_fast_modinfo($course);
        $transaction = $DB->start_delegated_transaction();
        $this->getDataGenerator()->create_module('page', ['course' => $course->id]);
        $this->assertCount(1, get_fast_modinfo($course->id)->get_cms());
        $DB->force_transaction_rollback();
        unset($transaction);
        healer::heal([(int) $course->id]);
        $this->assertCount(0, get_fast_modinfo($course->id)->get_cms());
    }

    public function test_old_operations_are_forgotten_but_their_keys() {
        $key = $this->key();
        $this->run_program($key);
        operations::update(operations::find($key), ['timefinished' => time() - 31 * DAYSECS]);
        (new forget())->execute();
        $this->assertCount(3, step_rows::of((int) operations::find($key)->id));
        set_config('retention', 30, 'local_otbridge');
        (new forget())->execute();
        $this->assertCount(0, step_rows::of((int) operations::find($key)->id));
        $told = run::execute($key, $this->program());
        $this->assertSame(['done', ''], [$told['status'], $told['result']]);
        $this->assertSame('undoexpired', $this->refusal(function () use ($key) {
            undo::execute($this->key(), $key);
        }));
    }

    public function test_a_key_that_others_recorded_meanwhile_is_no_refusal() {
        $once = new \ReflectionMethod(intake::class, 'once');
        $once->setAccessible(true);
        $errors = [
            'what is wanted is taken, for another call took it' => function () {
                throw new refusal('shortnametaken', ['shortname' => 'chem']);
            },
            'the key is unique' => function (array $values) {
                operations::insert($values);
            },
        ];
        foreach ($errors as $why => $fail) {
            $values = ['opkey' => $this->key(), 'kind' => 'run', 'hash' => 'the same', 'heavy' => 1, 'stepstotal' => 1];
            $call = function (string $hash) use ($once, $values, $fail) {
                return $once->invoke(null, $values['opkey'], $hash, function () use ($values, $fail) {
                    operations::insert($values); // The other call.
                    $fail($values);
                });
            };
            $this->assertSame($values['opkey'], $call('the same')->opkey, $why);
            $this->assertSame('opkeyreused', $this->refusal(function () use ($call) {
                $call('another');
            }), $why);
        }
        $this->assertSame('shortnametaken', $this->refusal(function () use ($once) {
            $once->invoke(null, $this->key(), 'the same', function () {
                throw new refusal('shortnametaken', ['shortname' => 'chem']);
            });
        }));
    }

    public function test_the_administrators_page_shows_operations_and_steps() {
        global $PAGE;
        $PAGE->set_url('/local/otbridge/operations.php');
        $key = $this->key();
        $this->run_program($key);
        $by = $this->key();
        undo::execute($by, $key);
        $list = operations_page::listing(0);
        $this->assertStringContainsString('OT-1', $list);
        $this->assertStringContainsString($by, $list);
        $this->assertStringContainsString('steps[1] group.create', operations_page::details(operations::find($key)));
        $this->assertStringContainsString('steps[0] course.create', operations_page::details(operations::find($by)));
    }

    public function test_a_key_is_a_uuid() {
        $this->expectException(\invalid_parameter_exception::class);
        operations::key('00000000-0000-4000-8000-00000000f11e' . "\n");
    }
}
