<?php
// This file is part of Moodle - https://moodle.org/
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
// along with Moodle.  If not, see <https://www.gnu.org/licenses/>.

/**
 * Operations: every write happens under a key that is used once.
 *
 * @package    local_otbridge
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

/**
 * The table of operations.
 *
 * A row and what it stands for are committed together: after a crash there are both or neither. The UNIQUE index on opkey
 * makes a second caller with the same key wait for the first one and then see its row.
 */
final class operations {
    /** @var string table of operations. */
    public const TABLE = 'local_otbridge_operation';

    /** @var string waiting for its task. */
    public const QUEUED = 'queued';
    /** @var string its task works on it, or died while it did. */
    public const RUNNING = 'running';
    /** @var string it has its result. */
    public const DONE = 'done';
    /** @var string it has failed for good. */
    public const FAILED = 'failed';

    /**
     * Do a write once.
     *
     * @param string $opkey
     * @param string $action
     * @param array $params validated parameters without the key
     * @param callable $work function(): ?array; refuses by an exception, which leaves the key free. Returns ['objectid' => …,
     *     'result' => …] when it has done the work, or null when it has queued a task
     * @return array the operation as web service result
     * @throws \moodle_exception opkeyreused, and what $work throws
     */
    public static function once(string $opkey, string $action, array $params, callable $work): array {
        global $DB, $USER;

        $found = self::find($opkey, $action, $params);
        if ($found) {
            return self::export($found);
        }
        $row = (object) [
            'opkey' => $opkey,
            'action' => $action,
            'paramshash' => self::hash($action, $params),
            'params' => self::canonical($params),
            'status' => self::QUEUED,
            'userid' => $USER->id,
            'timecreated' => time(),
        ];
        $inserted = false;
        $transaction = $DB->start_delegated_transaction();
        try {
            $row->id = $DB->insert_record(self::TABLE, $row);
            $inserted = true;
            $outcome = $work();
            if ($outcome !== null) {
                $row->timestarted = $row->timecreated;
                $row->objectid = $outcome['objectid'];
                $DB->update_record(self::TABLE, $row);
                self::done($row, $outcome['result']);
            }
            $transaction->allow_commit();
        } catch (\Throwable $problem) {
            self::roll_back($transaction, $problem);
            $found = $inserted ? null : self::find($opkey, $action, $params);
            if (!$found) {
                throw $problem;
            }
            return self::export($found);
        }
        return self::state($opkey);
    }

    /**
     * The operation under a key as web service result; status none when the key was never seen.
     *
     * @param string $opkey
     * @return array
     */
    public static function state(string $opkey): array {
        $row = self::row($opkey);
        return $row ? self::export($row) : [
            'opkey' => $opkey,
            'action' => '',
            'status' => 'none',
            'progress' => 0.0,
            'step' => '',
            'result' => '',
            'errorcode' => '',
            'error' => '',
            'timecreated' => 0,
            'timestarted' => 0,
            'timefinished' => 0,
        ];
    }

    /**
     * The row of a key.
     *
     * @param string $opkey
     * @return \stdClass|null
     */
    public static function row(string $opkey): ?\stdClass {
        global $DB;
        return $DB->get_record(self::TABLE, ['opkey' => $opkey]) ?: null;
    }

    /**
     * Take an operation for the work on it; the lock goes when the process dies.
     *
     * @param \stdClass $row
     * @return \core\lock\lock|null null when somebody works on it
     */
    public static function lock(\stdClass $row): ?\core\lock\lock {
        return \core\lock\lock_config::get_lock_factory('local_otbridge')->get_lock('operation_' . $row->id, 0) ?: null;
    }

    /**
     * A task begins to work on the operation, for the first time or again.
     *
     * @param \stdClass $row
     */
    public static function start(\stdClass $row): void {
        global $DB;
        $row->status = self::RUNNING;
        $row->attempts++;
        $row->timestarted = $row->timestarted ?: time();
        $DB->update_record(self::TABLE, $row);
    }

    /**
     * Remember what the operation has made, so that it can be found after a crash.
     *
     * @param \stdClass $row
     * @param int $objectid 0 = nothing, or nothing any more
     */
    public static function made(\stdClass $row, int $objectid): void {
        global $DB;
        $row->objectid = $objectid;
        $DB->set_field(self::TABLE, 'objectid', $objectid, ['id' => $row->id]);
    }

    /**
     * Tell how far the operation is; progress never goes back.
     *
     * @param \stdClass $row
     * @param string $step
     * @param float $progress 0 to 1
     */
    public static function progress(\stdClass $row, string $step, float $progress): void {
        global $DB;
        $row->step = $step;
        $row->progress = max((float) $row->progress, round($progress, 5));
        $DB->update_record(self::TABLE, (object) ['id' => $row->id, 'step' => $step, 'progress' => $row->progress]);
    }

    /**
     * The operation has its result.
     *
     * @param \stdClass $row
     * @param array $result
     */
    public static function done(\stdClass $row, array $result): void {
        global $DB;
        $DB->update_record(self::TABLE, (object) [
            'id' => $row->id,
            'status' => self::DONE,
            'progress' => 1,
            'step' => '',
            'result' => self::json($result),
            'timefinished' => time(),
        ]);
    }

    /**
     * The operation has failed for good.
     *
     * @param \stdClass $row
     * @param string $errorcode
     * @param string $error
     */
    public static function failed(\stdClass $row, string $errorcode, string $error): void {
        global $DB;
        $DB->update_record(self::TABLE, (object) [
            'id' => $row->id,
            'status' => self::FAILED,
            'errorcode' => $errorcode,
            'error' => $error,
            'timefinished' => time(),
        ]);
    }

    /**
     * Roll a transaction back without throwing.
     *
     * @param \moodle_transaction $transaction
     * @param \Throwable $problem what went wrong
     */
    public static function roll_back(\moodle_transaction $transaction, \Throwable $problem): void {
        if ($transaction->is_disposed()) {
            return;
        }
        try {
            $transaction->rollback($problem);
        } catch (\Throwable $rethrown) {
            // Moodle rethrows $problem, or tells that rolling back failed as well; $problem is the cause of both.
            unset($rethrown);
        }
    }

    /**
     * The operation of a key that was used before with the same parameters.
     *
     * @param string $opkey
     * @param string $action
     * @param array $params
     * @return \stdClass|null
     * @throws \moodle_exception opkeyreused
     */
    private static function find(string $opkey, string $action, array $params): ?\stdClass {
        $row = self::row($opkey);
        if ($row && $row->paramshash !== self::hash($action, $params)) {
            throw new \moodle_exception('opkeyreused', 'local_otbridge', '', $opkey);
        }
        return $row;
    }

    /**
     * A row as web service result.
     *
     * @param \stdClass $row
     * @return array
     */
    private static function export(\stdClass $row): array {
        return [
            'opkey' => $row->opkey,
            'action' => $row->action,
            'status' => $row->status,
            'progress' => (float) $row->progress,
            'step' => (string) $row->step,
            'result' => (string) $row->result,
            'errorcode' => (string) $row->errorcode,
            'error' => (string) $row->error,
            'timecreated' => (int) $row->timecreated,
            'timestarted' => (int) $row->timestarted,
            'timefinished' => (int) $row->timefinished,
        ];
    }

    /**
     * SHA-256 by which the same parameters are known.
     *
     * @param string $action
     * @param array $params
     * @return string
     */
    private static function hash(string $action, array $params): string {
        return hash('sha256', $action . "\n" . self::canonical($params));
    }

    /**
     * Parameters as JSON with sorted keys; lists keep their order.
     *
     * @param array $params
     * @return string
     */
    private static function canonical(array $params): string {
        $sorted = static function (array $values) use (&$sorted): array {
            ksort($values);
            return array_map(static function ($value) use ($sorted) {
                return is_array($value) ? $sorted($value) : $value;
            }, $values);
        };
        return self::json($sorted($params));
    }

    /**
     * JSON text; broken UTF-8 (in a file name, say) is replaced rather than refused.
     *
     * @param array $value
     * @return string
     */
    private static function json(array $value): string {
        return json_encode($value, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE | JSON_THROW_ON_ERROR);
    }
}
