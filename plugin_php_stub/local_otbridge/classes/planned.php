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
 * A step in a program.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use stdClass;

/**
 * One step as the program orders it.
 */
class planned {
    /** @var int position in the program, from 0 */
    public $index;
    /** @var step its kind */
    public $step;
    /** @var string its label */
    public $label;
    /** @var stdClass its parameters as they came, with references */
    public $raw;
    /** @var array|null the parameters, read; null before, and after a fault */
    public $params = null;
    /** @var bool whether a thing that is there already is brought to what the step says */
    public $brings = false;
    /** @var array|null results of the thing that is there already; null: none is */
    public $found = null;
    /** @var int[] courses that it touches, as far as they are known */
    public $courses = [];

    /**
     * Plan.
     *
     * @param int $index
     * @param step $step
     * @param string $label
     * @param stdClass $raw
     */
    public function __construct(int $index, step $step, string $label, stdClass $raw) {
        $this->index = $index;
        $this->step = $step;
        $this->label = $label;
        $this->raw = $raw;
    }

    /**
     * Look for the thing that it would make, where it may be there already.
     */
    public function look(): void {
        $this->found = $this->brings && $this->params !== null ? $this->step->find($this->params) : null;
    }

    /**
     * What of the thing that is there already is to be changed.
     *
     * @return array by name of the parameter: what is there
     */
    public function differences(): array {
        return $this->step->differences($this->params, $this->found);
    }

    /**
     * Where it stands in the program.
     *
     * @param string $below name of a parameter
     * @return string
     */
    public function path(string $below = ''): string {
        return 'steps[' . $this->index . ']' . ($below === '' ? '' : '.' . $below);
    }

    /**
     * The step for people.
     *
     * @return string
     */
    public function title(): string {
        return $this->path() . ' ' . $this->step::name();
    }
}
