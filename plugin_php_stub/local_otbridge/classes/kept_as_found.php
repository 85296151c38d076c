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
 * For steps whose thing has nothing that a program would change.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

/**
 * What is there already is left as it is.
 */
trait kept_as_found {
    /**
     * Nothing is to be changed.
     *
     * @param array $params
     * @param array $found
     * @return array
     */
    public function differences(array $params, array $found): array {
        return [];
    }

    /**
     * Leave it.
     *
     * @param array $params
     * @param array $found
     * @param array $before
     * @param work $work
     * @return array
     */
    public function bring(array $params, array $found, array $before, work $work): array {
        return $found;
    }

    /**
     * Nothing was changed.
     *
     * @param array $params
     * @param array $results
     * @param array $before
     * @param work $work
     */
    public function put_back(array $params, array $results, array $before, work $work): void {
    }
}
