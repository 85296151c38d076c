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
 * Step cohort.add_member: a person into a cohort.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\step;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->dirroot . '/cohort/lib.php');

use local_otbridge\checking;
use local_otbridge\field;
use local_otbridge\kinds;
use local_otbridge\accounts;
use local_otbridge\scope;
use local_otbridge\step;
use local_otbridge\work;

/**
 * Puts a person into a cohort. Who is in it already stays, also when the step is taken back.
 */
class cohort_add_member extends step {
    /**
     * Parameters.
     *
     * @return field[]
     */
    public function schema(): array {
        return ['cohort' => field::record('cohort'), 'user' => field::record('user')];
    }

    /**
     * Results.
     *
     * @return string[]
     */
    public function results(): array {
        return ['isnew' => 'bool'];
    }

    /**
     * Capabilities.
     *
     * @return string[]
     */
    public function needs(): array {
        return ['moodle/cohort:assign'];
    }

    /**
     * Capabilities in their contexts.
     *
     * @param array $params
     * @param scope $scope
     * @return array
     */
    public function capabilities(array $params, scope $scope): array {
        return [['moodle/cohort:assign', $scope->context('cohort', $params['cohort'])]];
    }

    /**
     * Look for faults.
     *
     * @param array $params
     * @param checking $checking
     */
    public function check(array $params, checking $checking): void {
        global $DB;

        [$cohort, $user] = [$params['cohort'], $params['user']];
        if (is_int($cohort) && $DB->get_field('cohort', 'component', ['id' => $cohort]) !== '') {
            $checking->fault('cohort', 'cohortmanaged', ['id' => $cohort]);
        }
        if (is_int($user) && accounts::is_protected($user)) {
            $checking->fault('user', 'userprotected', ['id' => $user]);
        } else if (is_int($cohort) && is_int($user) && cohort_is_member($cohort, $user)) {
            $checking->note('user', 'alreadyincohort', ['id' => $user, 'cohort' => $cohort]);
        }
    }

    /**
     * Put the person in.
     *
     * @param array $params
     * @param work $work
     * @return array
     */
    public function run(array $params, work $work): array {
        $isnew = !cohort_is_member($params['cohort'], $params['user']);
        cohort_add_member($params['cohort'], $params['user']);
        return ['isnew' => $isnew];
    }

    /**
     * Take the person out, if they came here.
     *
     * @param array $params
     * @param array $results
     * @param work $work
     */
    public function undo(array $params, array $results, work $work): void {
        $there = kinds::exists('cohort', $params['cohort']) && cohort_is_member($params['cohort'], $params['user']);
        if ($results['isnew'] && $there) {
            cohort_remove_member($params['cohort'], $params['user']);
        }
    }
}
