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
 * Takes back what an operation did.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use stdClass;
use Throwable;

/**
 * Walks the steps of an operation backwards, and stops at the first that somebody changed since.
 */
class undo_worker extends worker {
    /** @var stdClass row of the operation that is taken back */
    private $undone;

    /**
     * Go on with the last step that is not taken back.
     */
    protected function go_on(): void {
        $this->undone = operations::get((int) $this->operation->undoes);
        operations::update($this->operation, ['status' => operations::RUNNING]);
        if (!$this->operation->timestarted) {
            $this->look_for_changes(); // Before anything is taken back, which changes things, too.
        }
        $path = '';
        try {
            foreach (array_reverse($this->rows()) as $row) {
                $path = "steps[{$row->position}]";
                if (!$this->begin('undo ' . $row->position)) {
                    throw new refusal('interrupted', ['attempts' => self::ATTEMPTS]);
                }
                if ((string) $row->changed !== '') {
                    $this->stop_at_change();
                    return;
                }
                $this->announce(step_rows::title($row), json::decode($row->courses), $this->share());
                undoing::take_back($row, $this->undone, $this->operation, false);
                operations::update($this->operation, ['stepsdone' => $this->operation->stepsdone + 1]);
            }
        } catch (Throwable $error) {
            $this->roll_back();
            $this->heal($this->touched());
            $this->fail($error, $path);
            return;
        }
        $this->begin('end');
        operations::update($this->undone, ['undoneby' => $this->operation->id]);
        $this->finish(operations::DONE, $this->result());
    }

    /**
     * End with a failure; what was taken back stays so.
     *
     * @param Throwable $error
     * @param string $path
     */
    protected function fail(Throwable $error, string $path): void {
        $this->undone = $this->undone ?? operations::get((int) $this->operation->undoes);
        $this->finish(operations::FAILED, $this->result(), [fault::of($error, $path)]);
    }

    /**
     * Note at each row what somebody changed since.
     */
    private function look_for_changes(): void {
        foreach ($this->rows() as $row) {
            $fault = undoing::change($row, $this->undone, (int) $this->undone->timefinished);
            step_rows::update($row, ['changed' => $fault === null ? null : json::encode([
                'facts' => (object) $fault->facts, 'message' => $fault->message,
            ])]);
        }
    }

    /**
     * End because of what somebody changed.
     */
    private function stop_at_change(): void {
        $faults = [];
        foreach (array_reverse($this->rows()) as $row) {
            if ((string) $row->changed !== '') {
                $told = json::decode($row->changed);
                $faults[] = new fault("steps[{$row->position}]", 'changedsince', $told['facts'], $told['message']);
            }
        }
        $this->finish(operations::FAILED, $this->result(), $faults);
    }

    /**
     * Rows of the steps that are still to be taken back.
     *
     * @return stdClass[]
     */
    private function rows(): array {
        return step_rows::of((int) $this->undone->id, [step_rows::DONE, step_rows::LEFT]);
    }

    /**
     * How much is done.
     *
     * @return float
     */
    private function share(): float {
        return $this->operation->stepsdone / max(1, $this->operation->stepstotal);
    }

    /**
     * What was taken back, and what is left.
     *
     * @return array
     */
    private function result(): array {
        $undone = array_filter(step_rows::of((int) $this->undone->id), function ($row) {
            return (int) $row->undoneby === (int) $this->operation->id;
        });
        return [
            'undone' => array_map([step_rows::class, 'title'], array_reverse(array_values($undone))),
            'left' => array_map([step_rows::class, 'title'], array_reverse($this->rows())),
        ];
    }
}
