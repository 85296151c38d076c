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
 * The rows of steps: what each did, and what became of it.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use stdClass;

/**
 * The table of steps. A step that ran in a transaction has its row from that same transaction, or none.
 */
class step_rows {
    /** @var string name of the table */
    const TABLE = 'local_otbridge_step';
    /** @var string it runs outside of a transaction, and has not ended */
    const BEGUN = 'begun';
    /** @var string it is done */
    const DONE = 'done';
    /** @var string it was done and taken back */
    const UNDONE = 'undone';
    /** @var string it was to be taken back and could not */
    const LEFT = 'left';

    /**
     * Rows of an operation.
     *
     * @param int $operationid
     * @param string[] $statuses empty: all
     * @return stdClass[] in order of the program
     */
    public static function of(int $operationid, array $statuses = []): array {
        global $DB;
        $rows = $DB->get_records(self::TABLE, ['operationid' => $operationid], 'position');
        return array_values(array_filter($rows, static function ($row) use ($statuses) {
            return !$statuses || in_array($row->status, $statuses, true);
        }));
    }

    /**
     * How many steps of an operation are done. While it runs its rows alone say it, which saves a write of each step.
     *
     * @param stdClass $operation its row
     * @return int
     */
    public static function done(stdClass $operation): int {
        global $DB;
        return $DB->count_records(self::TABLE, ['operationid' => $operation->id, 'status' => self::DONE]);
    }

    /**
     * Insert the row of a step.
     *
     * @param stdClass $operation
     * @param planned $planned
     * @param array $values
     * @return stdClass
     */
    public static function insert(stdClass $operation, planned $planned, array $values): stdClass {
        global $DB;
        $row = (object) ($values + [
            'operationid' => $operation->id, 'position' => $planned->index, 'step' => $planned->step::name(),
            'label' => $planned->label, 'params' => json::encode((object) $planned->params), 'data' => null, 'result' => null,
            'timecreated' => time(),
        ]);
        $row->id = $DB->insert_record(self::TABLE, $row);
        return $row;
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
     * Forget a row.
     *
     * @param stdClass $row
     */
    public static function delete(stdClass $row): void {
        global $DB;
        $DB->delete_records(self::TABLE, ['id' => $row->id]);
    }

    /**
     * A step for people.
     *
     * @param stdClass $row
     * @return string as `steps[3] module.add`
     */
    public static function title(stdClass $row): string {
        return "steps[{$row->position}] {$row->step}";
    }
}
