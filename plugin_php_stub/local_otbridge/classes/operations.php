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
 * The table of operations: each write of the bridge under a key that is used once.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use invalid_parameter_exception;
use moodle_exception;
use stdClass;
use Throwable;

/**
 * Keeps what became of each operation key.
 *
 * The row is inserted before the work; its UNIQUE key decides between callers that come at once. Row and work (or row and
 * queued task) are one transaction, so there is never the one without the other.
 */
class operations {
    /** @var string name of the table */
    const TABLE = 'local_otbridge_operation';
    /** @var string the task has not begun yet */
    const QUEUED = 'queued';
    /** @var string the task is at work, or died at work */
    const RUNNING = 'running';
    /** @var string the result is there */
    const DONE = 'done';
    /** @var string it ended without a result; the key stays used */
    const FAILED = 'failed';

    /**
     * Check the form of a key.
     *
     * @param string $opkey as it was sent
     * @return string the key in lower case
     * @throws invalid_parameter_exception it is no UUID
     */
    public static function key(string $opkey): string {
        $opkey = strtolower($opkey);
        if (!preg_match('/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\z/', $opkey)) {
            throw new invalid_parameter_exception('opkey must be a UUID');
        }
        return $opkey;
    }

    /**
     * Do an action under its key, or tell what became of it when the key was seen before.
     *
     * @param string $action name of the action
     * @param string $opkey checked by {@see self::key()}
     * @param array $params everything that decides what is done, normalised
     * @param callable $check refuses by an exception, before the key is used
     * @param callable $do gets the row; does the work at once (and ends it by {@see self::done()}) or queues it
     * @return array the operation, as {@see self::describe()} tells it
     * @throws moodle_exception `opkeyreused`, and whatever $check and $do throw; the key is then still free
     */
    public static function once(string $action, string $opkey, array $params, callable $check, callable $do): array {
        global $DB, $USER;

        ksort($params);
        $canonical = json_encode($params, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR);
        $hash = hash('sha256', $action . "\n" . $canonical);
        if ($known = self::find($opkey)) {
            return self::repeated($known, $hash);
        }
        $check();
        $row = (object) [
            'opkey' => $opkey, 'action' => $action, 'paramshash' => $hash, 'params' => $canonical, 'userid' => $USER->id,
            'status' => self::QUEUED, 'timecreated' => time(),
        ];
        $transaction = $DB->start_delegated_transaction();
        try {
            $row->id = $DB->insert_record(self::TABLE, $row);
            $do($row);
            $transaction->allow_commit();
        } catch (Throwable $error) {
            self::roll_back($transaction, $error);
            if ($known = self::find($opkey)) {
                return self::repeated($known, $hash); // Another call with this key was first.
            }
            throw $error;
        }
        return self::describe(self::find($opkey));
    }

    /**
     * The row of a key.
     *
     * @param string $opkey
     * @return stdClass|null
     */
    public static function find(string $opkey): ?stdClass {
        global $DB;
        return $DB->get_record(self::TABLE, ['opkey' => $opkey]) ?: null;
    }

    /**
     * The row of an id.
     *
     * @param int $id
     * @return stdClass|null
     */
    public static function get(int $id): ?stdClass {
        global $DB;
        return $DB->get_record(self::TABLE, ['id' => $id]) ?: null;
    }

    /**
     * The operation as web services return it.
     *
     * @param stdClass|null $row null for a key that was never seen
     * @param string $opkey needed without a row only
     * @return array
     */
    public static function describe(?stdClass $row, string $opkey = ''): array {
        $row = $row ?? (object) ['opkey' => $opkey, 'status' => 'none'];
        $told = [];
        foreach (['opkey', 'action', 'status', 'step', 'result', 'errorcode', 'error'] as $name) {
            $told[$name] = (string) ($row->$name ?? '');
        }
        $told['progress'] = (float) ($row->progress ?? 0);
        foreach (['timecreated', 'timestarted', 'timefinished'] as $name) {
            $told[$name] = (int) ($row->$name ?? 0);
        }
        return $told;
    }

    /**
     * Change fields of a row.
     *
     * @param stdClass $row changed, too
     * @param array $values
     */
    public static function update(stdClass $row, array $values): void {
        global $DB;
        $DB->update_record(self::TABLE, (object) (['id' => $row->id] + $values));
        foreach ($values as $name => $value) {
            $row->$name = $value;
        }
    }

    /**
     * Note that the work is done.
     *
     * @param stdClass $row
     * @param array $result
     */
    public static function done(stdClass $row, array $result): void {
        $now = time();
        self::update($row, [
            'status' => self::DONE, 'progress' => 1, 'step' => '', 'timefinished' => $now,
            'timestarted' => ($row->timestarted ?? 0) ?: $now,
            'result' => json_encode($result, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE),
        ]);
    }

    /**
     * Note that the work failed for good.
     *
     * @param stdClass $row
     * @param string $errorcode one of those in docs/plugin-api.md
     * @param string $error for people
     */
    public static function failed(stdClass $row, string $errorcode, string $error): void {
        self::update($row, [
            'status' => self::FAILED, 'errorcode' => $errorcode, 'error' => fix_utf8($error), 'timefinished' => time(),
        ]);
    }

    /**
     * What a repeated key is answered.
     *
     * @param stdClass $row
     * @param string $hash of the parameters that came now
     * @return array
     */
    private static function repeated(stdClass $row, string $hash): array {
        if ($row->paramshash !== $hash) {
            throw new moodle_exception('opkeyreused', 'local_otbridge', '', $row->opkey);
        }
        return self::describe($row);
    }

    /**
     * Undo a transaction without raising its cause, which the caller does.
     *
     * @param \moodle_transaction $transaction
     * @param Throwable $cause
     */
    private static function roll_back(\moodle_transaction $transaction, Throwable $cause): void {
        try {
            $transaction->rollback($cause);
        } catch (Throwable $again) {
            // The database layer throws the cause again, or says that an outer transaction was undone already.
            unset($again);
        }
    }
}
