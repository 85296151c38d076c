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
 * The contexts of things in a program.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use context;

/**
 * Knows in which context capabilities are asked for, also for things that an earlier step has yet to make.
 */
class scope {
    /** @var planned[] by label */
    private $planned = [];

    /**
     * Look at a program.
     *
     * @param planned[] $steps
     */
    public function __construct(array $steps) {
        foreach ($steps as $planned) {
            $this->planned[$planned->label] = $planned;
        }
    }

    /**
     * The step that a reference points at.
     *
     * @param mixed $value
     * @param string $kind name of the step kind that it must be
     * @return array|null its parameters; null: no reference, another kind, or not readable
     */
    public function planned($value, string $kind): ?array {
        $planned = $value instanceof reference ? $this->planned[$value->label] ?? null : null;
        return $planned !== null && $planned->step::name() === $kind ? $planned->params : null;
    }

    /**
     * The context of a thing, or of the place where it will be made.
     *
     * @param string $kind one of {@see kinds::TABLES}
     * @param int|reference|null $value
     * @return context|null null: cannot be told yet
     */
    public function context(string $kind, $value): ?context {
        if (is_int($value)) {
            return kinds::context($kind, $value);
        }
        $planned = $value instanceof reference ? $this->planned[$value->label] ?? null : null;
        return $planned === null || $planned->params === null ? null : $planned->step->place($planned->params, $this);
    }
}
