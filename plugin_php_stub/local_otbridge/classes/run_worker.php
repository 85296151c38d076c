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
    /** @var float seconds for which locks are kept over steps that want the same ones; then others get their turn */
    const HOLD = 0.25;
    /** @var float how much of a step its waiting is */
    const WAITING = 0.1;

    /** @var program */
    private $program;
    /** @var checker */
    private $checker;
    /** @var program_files */
    private $files;
    /** @var array results by label */
    private $results = [];
    /** @var \core\lock\lock[] by name, in order */
    private $locks = [];
    /** @var float when they were taken */
    private $locked = 0.0;

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
        operations::update($this->operation, ['status' => operations::RUNNING, 'stepsdone' => count($rows)]);
        $path = '';
        try {
            $this->clean_up_begun();
            $this->read_program();
            foreach (array_slice($this->program->steps, count($rows)) as $planned) {
                $path = $planned->path();
                $this->step($planned);
            }
            $this->release_locks();
        } catch (extraction\waiting $waiting) {
            $this->release_locks();
            $this->wait($waiting);
            return;
        } catch (Throwable $error) {
            $this->roll_back();
            $this->release_locks();
            $this->heal($this->touched());
            $this->fail($error, $path);
            return;
        }
        $this->heal($this->all_courses());
        operations::update($this->operation, ['stepsdone' => count($this->results)]);
        $this->finish(operations::DONE, array_map(static function (array $results): \stdClass {
            return (object) $results; // One that results in nothing is an object, too.
        }, $this->results));
    }

    /**
     * A step waits for something outside: it is begun anew when that is due, and an attempt that waited is none that died.
     *
     * @param extraction\waiting $waiting
     */
    private function wait(extraction\waiting $waiting): void {
        $this->clean_up_begun();
        $all = ($this->operation->stepsdone + self::WAITING * $waiting->part) / max(1, $this->operation->stepstotal);
        operations::update($this->operation, [
            'step' => $waiting->getMessage(), 'attempting' => '', 'attempts' => 0, 'touched' => null,
            'progress' => max((float) $this->operation->progress, round($all, 5)),
        ]);
        $this->due = $waiting->due;
    }

    /**
     * Read the program again; only an upgrade of the plugin in between can make that fail.
     */
    private function read_program(): void {
        $faults = new faults();
        $this->program = new program($this->operation->program);
        $this->program->read($faults);
        $faults->refuse();
        $this->files = program_files::of_operation($this->operation);
        $this->checker = new checker($this->program, $this->files);
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
        $planned->courses = $planned->step->courses($planned->params, []);
        $this->announce($planned->title(), $planned->courses, $planned->index / $this->operation->stepstotal);
        try {
            $this->hold_locks($planned->step->locks($planned->params));
            $this->checker->recheck($planned);
            $results = $planned->step->transactional() ? $this->inside($planned) : $this->outside($planned);
        } catch (Throwable $error) {
            $this->roll_back(); // Before the locks go.
            $planned->step->refresh($planned->params, []);
            throw $error;
        }
        if (microtime(true) - $this->locked > self::HOLD) {
            $this->release_locks();
        }
        $this->results[$planned->label] = $results;
        healer::after_commit($planned->courses);
        $planned->step->refresh($planned->params, $results);
    }

    /**
     * Run a step and write its row in one transaction.
     *
     * @param planned $planned
     * @return array results
     */
    private function inside(planned $planned): array {
        global $DB;

        $work = (new work($this->operation, $planned->index))->with($this->files);
        $transaction = $DB->start_delegated_transaction();
        $results = $planned->found === null ? $planned->step->run($planned->params, $work) : $this->bring($planned, $work);
        step_rows::insert($this->operation, $planned, $this->ended($planned, $results) + [
            'data' => json::encode((object) $work->recall()),
        ]);
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
     * @return array results
     */
    private function outside(planned $planned): array {
        $row = step_rows::insert($this->operation, $planned, ['status' => step_rows::BEGUN]);
        $work = (new work($this->operation, $planned->index, $row))->with($this->files);
        $results = $planned->step->run($planned->params, $work);
        step_rows::update($row, $this->ended($planned, $results));
        return $results;
    }

    /**
     * Values of the row of a step that is done.
     *
     * @param planned $planned
     * @param array $results
     * @return array
     */
    private function ended(planned $planned, array $results): array {
        $touched = array_merge($planned->courses, $planned->step->courses($planned->params, $results));
        $planned->courses = array_values(array_unique($touched));
        return [
            'status' => step_rows::DONE, 'result' => json::encode((object) $results), 'timefinished' => time(),
            'courses' => json::encode($planned->courses),
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
     * Hold the locks of these names and no others. What the step before held goes first, so that nobody waits for a lock while
     * holding one that comes later.
     *
     * @param string[] $names
     */
    private function hold_locks(array $names): void {
        $names = array_unique($names);
        sort($names, SORT_STRING);
        if ($names === array_keys($this->locks)) {
            return;
        }
        $this->release_locks();
        foreach ($names as $name) {
            $lock = lock_config::get_lock_factory('local_otbridge')->get_lock($name, 60);
            if (!$lock) {
                throw new refusal('locktimeout', ['lock' => $name]);
            }
            $this->locks[$name] = $lock;
        }
        $this->locked = microtime(true);
    }

    /**
     * Release the locks that are held.
     */
    private function release_locks(): void {
        foreach ($this->locks as $lock) {
            $lock->release();
        }
        $this->locks = [];
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
        if ($this->operation->status === operations::RUNNING) {
            operations::update($this->operation, ['stepsdone' => step_rows::done($this->operation)]);
        }
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
