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
 * Operations: programs and their undoing, each under a key that is used once.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use core\lock\lock;
use core\lock\lock_config;
use invalid_parameter_exception;
use stdClass;

/**
 * The table of operations, and the lock of each: whoever holds it works on the operation, in a call, in a task, or as rescue.
 */
class operations {
    /** @var string name of the table */
    const TABLE = 'local_otbridge_operation';
    /** @var string nobody has begun yet */
    const QUEUED = 'queued';
    /** @var string at work, or died at work */
    const RUNNING = 'running';
    /** @var string it failed, and what it did is being taken back */
    const UNDOING = 'undoing';
    /** @var string the result is there */
    const DONE = 'done';
    /** @var string it ended without a result; the key stays used */
    const FAILED = 'failed';
    /** @var string[] statuses of operations that somebody has to go on with */
    const OPEN = [self::QUEUED, self::RUNNING, self::UNDOING];

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
     * Take the lock of an operation.
     *
     * @param string $opkey
     * @param int $timeout seconds
     * @return lock|null null when somebody else holds it
     */
    public static function lock(string $opkey, int $timeout): ?lock {
        return lock_config::get_lock_factory('local_otbridge')->get_lock('operation' . $opkey, $timeout) ?: null;
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
     * Whether somebody has to go on with it.
     *
     * @param stdClass $operation
     * @return bool
     */
    public static function is_open(stdClass $operation): bool {
        return in_array($operation->status, self::OPEN, true);
    }

    /**
     * Insert a row.
     *
     * @param array $values
     * @return stdClass the whole row
     */
    public static function insert(array $values): stdClass {
        global $DB, $USER;
        $id = $DB->insert_record(self::TABLE, (object) ($values + [
            'userid' => $USER->id, 'status' => self::QUEUED, 'timecreated' => time(),
        ]));
        return self::get((int) $id);
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
     * The operation as web services return it.
     *
     * @param stdClass|null $row null for a key that was never seen
     * @param string $opkey needed without a row only
     * @return array
     */
    public static function describe(?stdClass $row, string $opkey = ''): array {
        global $DB;

        $row = $row ?? (object) ['opkey' => $opkey, 'status' => 'none'];
        $told = ['undoes' => '', 'undone' => ''];
        foreach (['undoes' => 'undoes', 'undoneby' => 'undone'] as $field => $name) {
            if (!empty($row->$field)) {
                $told[$name] = (string) $DB->get_field(self::TABLE, 'opkey', ['id' => $row->$field]);
            }
        }
        foreach (['opkey', 'kind', 'ticket', 'status', 'step', 'result', 'errorcode', 'error', 'faults'] as $name) {
            $told[$name] = (string) ($row->$name ?? '');
        }
        $told['faults'] = $told['faults'] === '' ? '[]' : $told['faults'];
        $told['progress'] = (float) ($row->progress ?? 0);
        foreach (['stepsdone', 'stepstotal', 'timecreated', 'timestarted', 'timefinished'] as $name) {
            $told[$name] = (int) ($row->$name ?? 0);
        }
        if ($row->status === self::RUNNING && $row->kind === 'run') {
            $told['stepsdone'] = step_rows::done($row);
        }
        return $told;
    }
}
