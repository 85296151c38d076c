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
 * Works on an operation until it ends.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use stdClass;
use Throwable;

/**
 * What running a program and undoing one have in common. Whoever works holds the operation's lock.
 */
abstract class worker {
    /** @var int how often a step is begun at most, when the process dies each time */
    const ATTEMPTS = 3;

    /** @var float seconds between two words on the same courses */
    const PAUSE = 0.5;

    /** @var stdClass row of the operation */
    protected $operation;
    /** @var float when word was given last */
    private $announced = 0.0;
    /** @var int when to go on, Unix seconds; 0 = it does not wait */
    protected $due = 0;

    /**
     * Prepare.
     *
     * @param stdClass $operation its row, read under its lock
     */
    final public function __construct(stdClass $operation) {
        $this->operation = $operation;
    }

    /**
     * The worker for an operation.
     *
     * @param stdClass $operation its row, read under its lock
     * @return self
     */
    public static function of(stdClass $operation): self {
        return $operation->kind === 'undo' ? new undo_worker($operation) : new run_worker($operation);
    }

    /**
     * Work, or go on where a dead process left off, until the operation has ended.
     */
    final public function work(): void {
        if (!operations::is_open($this->operation)) {
            return;
        }
        if ($this->operation->timestarted) {
            $this->heal($this->touched());
        }
        $this->go_on();
        if ($this->due) {
            task\work_on::queue((int) $this->operation->id, $this->due);
            return;
        }
        program_files::remove((int) $this->operation->id);
    }

    /**
     * End it, because nobody may work on it.
     *
     * @param Throwable $error
     */
    final public function give_up(Throwable $error): void {
        if (operations::is_open($this->operation)) {
            $this->heal($this->touched());
            $this->fail($error, '');
            program_files::remove((int) $this->operation->id);
        }
    }

    /**
     * Do what there is to do.
     */
    abstract protected function go_on(): void;

    /**
     * End with a failure.
     *
     * @param Throwable $error
     * @param string $path where in the program
     */
    abstract protected function fail(Throwable $error, string $path): void;

    /**
     * Count a beginning.
     *
     * @param string $what with the same words as last time, the process died at it
     * @return bool false when it died there too often
     */
    protected function begin(string $what): bool {
        $attempts = $this->operation->attempting === $what ? $this->operation->attempts + 1 : 1;
        if ($attempts > self::ATTEMPTS) {
            return false;
        }
        operations::update($this->operation, [
            'attempting' => $what, 'attempts' => $attempts, 'timestarted' => $this->operation->timestarted ?: time(),
        ]);
        return true;
    }

    /**
     * Say what is being done, and which courses it touches: written before it is begun, so that a kill leaves word. The title alone
     * is written now and then only.
     *
     * @param string $title
     * @param int[] $courses
     * @param float $progress
     */
    protected function announce(string $title, array $courses, float $progress): void {
        $touched = json::encode($courses);
        if ($touched === $this->operation->touched && microtime(true) - $this->announced < self::PAUSE) {
            return;
        }
        $this->announced = microtime(true);
        operations::update($this->operation, [
            'step' => $title, 'progress' => max((float) $this->operation->progress, round($progress, 5)), 'touched' => $touched,
        ]);
    }

    /**
     * Courses that were being touched.
     *
     * @return int[]
     */
    protected function touched(): array {
        return json::decode($this->operation->touched);
    }

    /**
     * Undo whatever transaction is open: it would swallow all that is written later.
     */
    protected function roll_back(): void {
        global $DB;
        if ($DB->is_transaction_started()) {
            $DB->force_transaction_rollback();
        }
    }

    /**
     * Heal caches.
     *
     * @param int[] $courses
     */
    protected function heal(array $courses): void {
        healer::heal($courses);
    }

    /**
     * End the operation.
     *
     * @param string $status
     * @param array $result
     * @param fault[] $faults
     */
    protected function finish(string $status, array $result, array $faults = []): void {
        $first = $faults ? reset($faults) : null;
        operations::update($this->operation, [
            'status' => $status, 'result' => json::encode((object) $result), 'timefinished' => time(), 'step' => '',
            'touched' => null, 'progress' => $status === operations::DONE ? 1 : $this->operation->progress,
            'errorcode' => $first->code ?? '', 'error' => $first->message ?? '',
            'faults' => json::encode(array_map(static function (fault $fault) {
                return ['facts' => (object) $fault->facts] + $fault->tell();
            }, $faults)),
        ]);
        event\operation_ended::of($this->operation)->trigger();
    }
}
