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
 * Takes programs and undoings under their keys.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use core\lock\lock;
use local_otbridge\task\work_on;
use stdClass;
use Throwable;

/**
 * The first call with a key records and works, or queues; every later one tells how it stands.
 */
class intake {
    /** @var int seconds that a call waits for another one with its key, which looks at the order */
    const WAIT = 30;

    /**
     * Run a program, once.
     *
     * @param string $opkey checked by {@see operations::key()}
     * @param string $text JSON of the program
     * @param int $draftitemid
     * @return stdClass row of the operation
     * @throws refusal before the key is used
     */
    public static function run(string $opkey, string $text, int $draftitemid): stdClass {
        $program = new program($text);
        $hash = $program->hash();
        return self::once($opkey, $hash, static function () use ($opkey, $program, $hash, $draftitemid) {
            $faults = new faults();
            $files = checker::check($program, $draftitemid, $faults, false);
            if ($program->files && !$draftitemid) {
                $file = $program->files[0];
                $faults->add(new fault('files[0]', 'filemissing', (array) $file));
            }
            $faults->refuse();
            return self::record([
                'opkey' => $opkey, 'kind' => 'run', 'hash' => $hash, 'ticket' => $program->ticket, 'program' => $program->text,
                'heavy' => (int) $program->heavy(), 'stepstotal' => count($program->steps),
            ], static function (stdClass $operation) use ($program, $files) {
                $files->keep($program, (int) $operation->id);
            });
        });
    }

    /**
     * Take back what an operation did, once.
     *
     * @param string $opkey checked by {@see operations::key()}
     * @param string $undoes key of the operation to take back
     * @return stdClass row of the operation
     * @throws refusal before the key is used
     */
    public static function undo(string $opkey, string $undoes): stdClass {
        $hash = hash('sha256', "undo\n" . $undoes);
        return self::once($opkey, $hash, static function () use ($opkey, $undoes, $hash) {
            $lock = operations::lock($undoes, 10); // So that two undoings of one operation cannot begin at once.
            if (!$lock) {
                throw new refusal('notended', ['opkey' => $undoes]);
            }
            try {
                $undone = self::undoable($undoes);
                $rows = step_rows::of((int) $undone->id, [step_rows::DONE, step_rows::LEFT]);
                $heavy = array_filter($rows, static function ($row) {
                    $step = steps::get($row->step);
                    return $step !== null && $step->undo_heavy();
                });
                return self::record([
                    'opkey' => $opkey, 'kind' => 'undo', 'hash' => $hash, 'undoes' => $undone->id, 'ticket' => $undone->ticket,
                    'heavy' => (int) ($heavy || count($rows) > program::LIGHT_STEPS), 'stepstotal' => count($rows),
                ]);
            } finally {
                $lock->release();
            }
        });
    }

    /**
     * Record an operation under a new key, or look at the one that is there; then go on with it as far as a call may.
     *
     * @param string $opkey
     * @param string $hash of what is ordered
     * @param callable $record checks, records, and returns the row
     * @return stdClass
     */
    private static function once(string $opkey, string $hash, callable $record): stdClass {
        global $USER;

        $lock = self::lock_unless_known($opkey);
        if (!$lock) {
            $known = operations::find($opkey);
            if ($known === null) {
                throw new refusal('locktimeout', ['lock' => $opkey]);
            }
            return self::same($known, $hash);
        }
        try {
            $known = operations::find($opkey);
            $operation = self::same($known ?? self::first($opkey, $record), $hash);
            if (operations::is_open($operation) && !$operation->heavy && (int) $operation->userid === (int) $USER->id) {
                ignore_user_abort(true);
                \core_php_time_limit::raise(600);
                raise_memory_limit(MEMORY_EXTRA);
                worker::of($operation)->work();
            }
        } finally {
            $lock->release();
        }
        return operations::get((int) $operation->id);
    }

    /**
     * Take the lock of a key, or learn that somebody else has recorded it meanwhile.
     *
     * @param string $opkey
     * @return lock|null null: the key is known, or somebody has looked at the same order for too long
     */
    private static function lock_unless_known(string $opkey): ?lock {
        for ($begun = time(); time() - $begun < self::WAIT;) {
            $known = operations::find($opkey) !== null;
            $lock = operations::lock($opkey, $known ? 0 : 1);
            if ($lock || $known) {
                return $lock;
            }
        }
        return null;
    }

    /**
     * Record a key that is not known. Where a lock does not keep others out, or a replica of the database knows less than the
     * database, somebody may have recorded it meanwhile, and taken what the order wants: then his operation is the answer, and
     * no refusal.
     *
     * @param string $opkey
     * @param callable $record checks, records, and returns the row
     * @return stdClass
     */
    private static function first(string $opkey, callable $record): stdClass {
        global $DB;

        try {
            return $record();
        } catch (Throwable $error) {
            $transaction = $DB->start_delegated_transaction(); // Inside of one no replica is asked.
            $known = operations::find($opkey);
            $transaction->allow_commit();
            if ($known === null) {
                throw $error;
            }
            return $known;
        }
    }

    /**
     * Refuse a key that was used for something else.
     *
     * @param stdClass $operation
     * @param string $hash
     * @return stdClass
     */
    private static function same(stdClass $operation, string $hash): stdClass {
        if ($operation->hash !== $hash) {
            throw new refusal('opkeyreused', ['opkey' => $operation->opkey]);
        }
        return $operation;
    }

    /**
     * Insert the row, with its files, and with its task when it is heavy: all or nothing.
     *
     * @param array $values
     * @param callable|null $more gets the row
     * @return stdClass
     */
    private static function record(array $values, ?callable $more = null): stdClass {
        global $DB;

        $transaction = $DB->start_delegated_transaction();
        try {
            $operation = operations::insert($values);
            if ($more !== null) {
                $more($operation);
            }
            if ($operation->heavy) {
                work_on::queue((int) $operation->id);
            }
            $transaction->allow_commit();
        } catch (Throwable $error) {
            if ($DB->is_transaction_started()) {
                $DB->force_transaction_rollback();
            }
            throw $error;
        }
        return $operation;
    }

    /**
     * The operation that is to be taken back.
     *
     * @param string $opkey
     * @return stdClass
     * @throws refusal `unknownoperation`, `notended`, `alreadyundone`, `undoexpired`
     */
    private static function undoable(string $opkey): stdClass {
        global $DB;

        $found = operations::find($opkey);
        if ($found === null || $found->kind !== 'run') {
            throw new refusal('unknownoperation', ['opkey' => $opkey]);
        }
        [$in, $params] = $DB->get_in_or_equal(operations::OPEN);
        $params[] = $found->id;
        if (operations::is_open($found) || $DB->record_exists_select(operations::TABLE, "status $in AND undoes = ?", $params)) {
            throw new refusal('notended', ['opkey' => $opkey]);
        }
        if ($found->undoneby) {
            $by = (string) $DB->get_field(operations::TABLE, 'opkey', ['id' => $found->undoneby]);
            throw new refusal('alreadyundone', ['opkey' => $opkey, 'by' => $by]);
        }
        if ($found->program === null) {
            throw new refusal('undoexpired', ['opkey' => $opkey]);
        }
        return $found;
    }
}
