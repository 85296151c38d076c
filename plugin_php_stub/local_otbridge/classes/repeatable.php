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
 * What a step can do whose program is applied again.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

/**
 * A step that makes a thing and knows it again. With `"existing": "bring"` in a program, a thing that is there already is brought
 * to what the step says and is otherwise left alone, so that a program that is applied again changes nothing.
 */
interface repeatable {
    /**
     * Look for the thing; reads only.
     *
     * @param array $params as {@see step::run()} takes them; before the program runs, values may be references
     * @return array|null the fields of {@see step::results()}; null: it is not there, or cannot be known yet
     */
    public function find(array $params): ?array;

    /**
     * What of the found thing is not as the parameters say, as far as {@see self::bring()} changes it.
     *
     * @param array $params values may be references
     * @param array $found
     * @return array by name of the parameter: what is there instead
     */
    public function differences(array $params, array $found): array;

    /**
     * Bring the found thing to what the parameters say; inside a transaction, like {@see step::run()}.
     *
     * @param array $params
     * @param array $found
     * @param array $before what {@see self::differences()} said
     * @param work $work
     * @return array the fields of {@see step::results()}
     */
    public function bring(array $params, array $found, array $before, work $work): array;

    /**
     * Put back what was there before; it may be called again after a kill.
     *
     * @param array $params
     * @param array $results
     * @param array $before
     * @param work $work
     */
    public function put_back(array $params, array $results, array $before, work $work): void;
}
