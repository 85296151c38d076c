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
 * Runs the steps of a program.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use core\lock\lock_config;
use Throwable;

/**
 * Runs one step after another; the first without a row is the next. A program that cannot go on takes back what it did.
 */
class run_worker extends worker {
    /** @var program */
    private $program;
    /** @var checker */
    private $checker;
    /** @var array results by label */
    private $results = [];

    /**
     * Go on with the first step that has no row, or with taking back.
     */
    protected function go_on(): void {
        if ($this->operation->status === operations::UNDOING) {
            $this->take_back();
            return;
        }
        $rows = step_rows::of((int) $this->operation->id, [step_rows::DONE]);
        foreach ($rows as $row) {
            $this->results[$row->label] = json::decode($row->result);
        }
        if ($rows && ($step = steps::get($row->step)) !== null) {
            $step->refresh(json::decode($row->params), json::decode($row->result)); // Its process may have died before it did.
        }
        if (!$this->begin('run ' . count($rows))) {
            $this->fail(new refusal('interrupted', ['attempts' => self::ATTEMPTS]), 'steps[' . count($rows) . ']');
            return;
        }
        operations::update($this->operation, ['status' => operations::RUNNING]);
        $path = '';
        try {
            $this->clean_up_begun();
            $this->read_program();
            foreach (array_slice($this->program->steps, count($rows)) as $planned) {
                $path = $planned->path();
                $this->step($planned);
            }
        } catch (Throwable $error) {
            $this->roll_back();
            $this->heal($this->touched());
            $this->fail($error, $path);
            return;
        }
        $this->heal($this->all_courses());
        $this->finish(operations::DONE, array_map(static function (array $results): \stdClass {
            return (object) $results; // One that results in nothing is an object, too.
        }, $this->results));
    }

    /**
     * Read the program again; only an upgrade of the plugin in between can make that fail.
     */
    private function read_program(): void {
        $faults = new faults();
        $this->program = new program($this->operation->program);
        $this->program->read($faults);
        $faults->refuse();
        $this->checker = new checker($this->program, program_files::of_operation($this->operation));
    }

    /**
     * Run a step.
     *
     * @param planned $planned
     */
    private function step(planned $planned): void {
        $faults = new faults();
        $planned->params = $this->program->params($planned, $faults, $this->results);
        $faults->refuse();
        $courses = $planned->step->courses($planned->params, []);
        $this->announce($planned->title(), $courses, $planned->index / $this->operation->stepstotal);
        $locks = $this->take_locks($planned->step->locks($planned->params));
        try {
            $this->checker->recheck($planned);
            $results = $planned->step->transactional() ? $this->inside($planned, $courses) : $this->outside($planned, $courses);
        } catch (Throwable $error) {
            $this->roll_back(); // Before the locks go.
            $planned->step->refresh($planned->params, []);
            throw $error;
        } finally {
            foreach ($locks as $lock) {
                $lock->release();
            }
        }
        $this->results[$planned->label] = $results;
        healer::after_commit($planned->step->courses($planned->params, $results));
        $planned->step->refresh($planned->params, $results);
    }

    /**
     * Run a step and write its row in one transaction.
     *
     * @param planned $planned
     * @param int[] $courses
     * @return array results
     */
    private function inside(planned $planned, array $courses): array {
        global $DB;

        $work = new work($this->operation, $planned->index);
        $transaction = $DB->start_delegated_transaction();
        $results = $planned->found === null ? $planned->step->run($planned->params, $work) : $this->bring($planned, $work);
        step_rows::insert($this->operation, $planned, $this->ended($planned, $courses, $results) + [
            'data' => json::encode((object) $work->recall()),
        ]);
        operations::update($this->operation, ['stepsdone' => $planned->index + 1]);
        $transaction->allow_commit();
        return $results;
    }

    /**
     * Bring what is there already to what the step says.
     *
     * @param planned $planned
     * @param work $work
     * @return array results, and `existing`: whether it was `changed` or `kept`
     */
    private function bring(planned $planned, work $work): array {
        $before = $planned->differences();
        $work->remember(['found' => true, 'before' => $before]);
        $results = $before ? $planned->step->bring($planned->params, $planned->found, $before, $work) : $planned->found;
        return $results + ['existing' => $before ? 'changed' : 'kept'];
    }

    /**
     * Run a step that makes its own commits; its row is there before it begins.
     *
     * @param planned $planned
     * @param int[] $courses
     * @return array results
     */
    private function outside(planned $planned, array $courses): array {
        global $DB;

        $row = step_rows::insert($this->operation, $planned, ['status' => step_rows::BEGUN]);
        $results = $planned->step->run($planned->params, new work($this->operation, $planned->index, $row));
        $transaction = $DB->start_delegated_transaction();
        step_rows::update($row, $this->ended($planned, $courses, $results));
        operations::update($this->operation, ['stepsdone' => $planned->index + 1]);
        $transaction->allow_commit();
        return $results;
    }

    /**
     * Values of the row of a step that is done.
     *
     * @param planned $planned
     * @param int[] $courses
     * @param array $results
     * @return array
     */
    private function ended(planned $planned, array $courses, array $results): array {
        $touched = array_merge($courses, $planned->step->courses($planned->params, $results));
        return [
            'status' => step_rows::DONE, 'result' => json::encode((object) $results), 'timefinished' => time(),
            'courses' => json::encode(array_values(array_unique($touched))),
        ];
    }

    /**
     * Take away what an attempt left that died outside of a transaction.
     */
    private function clean_up_begun(): void {
        foreach (step_rows::of((int) $this->operation->id, [step_rows::BEGUN]) as $row) {
            $step = steps::get($row->step);
            $work = new work($this->operation, (int) $row->position, $row, true);
            if ($step !== null) {
                $step->clean_up(json::decode($row->params), $work);
            }
            step_rows::delete($row);
        }
    }

    /**
     * Take locks by their names.
     *
     * @param string[] $names
     * @return \core\lock\lock[]
     */
    private function take_locks(array $names): array {
        sort($names, SORT_STRING);
        $taken = [];
        foreach (array_unique($names) as $name) {
            $lock = lock_config::get_lock_factory('local_otbridge')->get_lock($name, 60);
            if (!$lock) {
                foreach ($taken as $one) {
                    $one->release();
                }
                throw new refusal('locktimeout', ['lock' => $name]);
            }
            $taken[] = $lock;
        }
        return $taken;
    }

    /**
     * Courses that the steps touched.
     *
     * @return int[]
     */
    private function all_courses(): array {
        global $DB;
        $lists = $DB->get_fieldset_select(step_rows::TABLE, 'courses', 'operationid = ?', [$this->operation->id]);
        return array_values(array_unique(array_merge([], ...array_map([json::class, 'decode'], $lists))));
    }

    /**
     * Note why it cannot go on, and take back what was done.
     *
     * @param Throwable $error
     * @param string $path
     */
    protected function fail(Throwable $error, string $path): void {
        $fault = fault::of($error, $path);
        operations::update($this->operation, [
            'status' => operations::UNDOING, 'errorcode' => $fault->code, 'error' => $fault->message,
            'faults' => json::encode([['facts' => (object) $fault->facts] + $fault->tell()]),
        ]);
        $this->take_back();
    }

    /**
     * Take back what was done, the last first; what cannot be taken back is named.
     */
    private function take_back(): void {
        $begun = step_rows::of((int) $this->operation->id, [step_rows::BEGUN]);
        if ($begun) {
            $this->try_to_clean_up(reset($begun));
        }
        foreach (array_reverse(step_rows::of((int) $this->operation->id, [step_rows::DONE])) as $row) {
            if (!$this->begin('undo ' . $row->position)) {
                step_rows::update($row, ['status' => step_rows::LEFT, 'remark' => get_string('interrupted', 'local_otbridge',
                    (object) ['attempts' => self::ATTEMPTS]), ]);
                continue;
            }
            $this->announce(step_rows::title($row), json::decode($row->courses), 0.0);
            try {
                undoing::take_back($row, $this->operation, $this->operation, true);
            } catch (Throwable $error) {
                $this->roll_back();
                $this->heal($this->touched());
                step_rows::update($row, ['status' => step_rows::LEFT, 'remark' => fault::of($error, '')->message]);
            }
        }
        $left = array_map(static function ($row) {
            return ['step' => step_rows::title($row), 'reason' => (string) $row->remark];
        }, step_rows::of((int) $this->operation->id, [step_rows::LEFT]));
        $fault = json::decode($this->operation->faults)[0];
        $this->finish(operations::FAILED, ['left' => $left], [
            new fault($fault['path'], $fault['code'], (array) $fault['facts'], $fault['message']),
        ]);
    }

    /**
     * Take away what a step left that failed outside of a transaction.
     *
     * @param \stdClass $row
     */
    private function try_to_clean_up(\stdClass $row): void {
        try {
            if (!$this->begin('clean up ' . $row->position)) {
                throw new refusal('interrupted', ['attempts' => self::ATTEMPTS]);
            }
            $this->clean_up_begun();
        } catch (Throwable $error) {
            $this->roll_back();
            step_rows::update($row, ['status' => step_rows::LEFT, 'remark' => fault::of($error, '')->message]);
        }
    }
}
