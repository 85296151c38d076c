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
 * Takes back one step.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use stdClass;

/**
 * Calls a step's undo for a row, heals, and notes it.
 */
class undoing {
    /**
     * Take a step back; nothing happens to one that is taken back already.
     *
     * @param stdClass $row of the step
     * @param stdClass $operation that ran it
     * @param stdClass $by the operation that takes it back: the same one when it is failing
     * @param bool $failing
     * @throws refusal it cannot be taken back
     */
    public static function take_back(stdClass $row, stdClass $operation, stdClass $by, bool $failing): void {
        $step = self::step($row);
        $params = json::decode($row->params);
        $results = json::decode($row->result);
        ob_start();
        try {
            $work = new work($operation, (int) $row->position, $row, $failing);
            $kept = $work->recall();
            if (empty($kept['found'])) {
                $step->undo($params, $results, $work);
            } else if ($kept['before'] && $step->find($params) !== null) {
                $step->put_back($params, $results, $kept['before'], $work);
            }
        } finally {
            ob_end_clean();
        }
        // Healed before it is noted: a process that dies in between is followed by one that does both again.
        healer::heal(json::decode($row->courses));
        $step->refresh($params, $results);
        step_rows::update($row, [
            'status' => step_rows::UNDONE, 'timeundone' => time(), 'undoneby' => $by->id, 'remark' => null,
        ]);
    }

    /**
     * What somebody changed since.
     *
     * @param stdClass $row of the step
     * @param stdClass $operation that ran it
     * @param int $since
     * @return fault|null
     */
    public static function change(stdClass $row, stdClass $operation, int $since): ?fault {
        $work = new work($operation, (int) $row->position, $row);
        $kept = $work->recall();
        $step = self::step($row);
        [$params, $results] = [json::decode($row->params), json::decode($row->result)];
        if (empty($kept['found'])) {
            $change = $step->changed($params, $results, $since, $work);
        } else {
            $found = $kept['before'] ? $step->find($params) : null;
            $names = $found === null ? [] : array_keys($step->differences($params, $found));
            $change = $names ? new change(implode(', ', $names)) : null;
        }
        return $change === null ? null : $change->fault("steps[{$row->position}]", $row->step);
    }

    /**
     * The kind of a step.
     *
     * @param stdClass $row
     * @return step
     */
    private static function step(stdClass $row): step {
        $step = steps::get($row->step);
        if ($step === null) {
            throw new refusal('unknownstep', ['step' => $row->step]);
        }
        return $step;
    }
}
