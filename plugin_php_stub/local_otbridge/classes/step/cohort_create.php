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
 * Step cohort.create: a new cohort, of the site or of a category.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\step;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->dirroot . '/cohort/lib.php');

use context;
use context_coursecat;
use context_system;
use local_otbridge\change;
use local_otbridge\changes;
use local_otbridge\checking;
use local_otbridge\field;
use local_otbridge\refusal;
use local_otbridge\scope;
use local_otbridge\step;
use local_otbridge\work;

/**
 * Makes a cohort.
 */
class cohort_create extends step {
    /**
     * Parameters.
     *
     * @return field[]
     */
    public function schema(): array {
        return [
            'name' => field::text(254)->filled(),
            'idnumber' => field::text(100)->default(''),
            'category' => field::record('category')->default(null),
            'descriptionhtml' => field::html()->default(''),
            'visible' => field::bool()->default(true),
        ];
    }

    /**
     * Results.
     *
     * @return string[]
     */
    public function results(): array {
        return ['id' => 'cohort', 'name' => 'text'];
    }

    /**
     * Capabilities.
     *
     * @return string[]
     */
    public function needs(): array {
        return ['moodle/cohort:manage'];
    }

    /**
     * Capabilities in their contexts.
     *
     * @param array $params
     * @param scope $scope
     * @return array
     */
    public function capabilities(array $params, scope $scope): array {
        return [['moodle/cohort:manage', $this->place($params, $scope)]];
    }

    /**
     * Where it will be.
     *
     * @param array $params
     * @param scope $scope
     * @return context|null
     */
    public function place(array $params, scope $scope): ?context {
        return $params['category'] === null ? context_system::instance() : $scope->context('category', $params['category']);
    }

    /**
     * Core refuses neither a name nor an ID number that is there already; its form does.
     *
     * @param array $params
     * @return string[]
     */
    public function locks(array $params): array {
        return ['cohortnames'];
    }

    /**
     * Look for faults.
     *
     * @param array $params
     * @param checking $checking
     */
    public function check(array $params, checking $checking): void {
        global $DB;

        [$name, $idnumber] = [(string) $params['name'], (string) $params['idnumber']];
        $context = $checking->context('category', $params['category']) ?? context_system::instance();
        $same = $DB->sql_equal('name', ':name', false) . ' AND contextid = :context';
        $known = $params['category'] === null || is_int($params['category']);
        $taken = $known && $DB->record_exists_select('cohort', $same, ['name' => $name, 'context' => $context->id]);
        if ($taken || !$checking->claim('cohort.name.' . $params['category'], $name)) {
            $checking->fault('name', 'cohortnametaken', ['name' => $name]);
        }
        if ($idnumber !== '' && ($DB->record_exists_select('cohort', $DB->sql_equal('idnumber', ':n', false), ['n' => $idnumber])
                || !$checking->claim('cohort.idnumber', $idnumber))) {
            $checking->fault('idnumber', 'idnumbertaken', ['idnumber' => $idnumber]);
        }
    }

    /**
     * Make the cohort.
     *
     * @param array $params
     * @param work $work
     * @return array
     */
    public function run(array $params, work $work): array {
        $context = $params['category'] === null ? context_system::instance() : context_coursecat::instance($params['category']);
        $id = cohort_add_cohort((object) [
            'contextid' => $context->id, 'name' => $params['name'], 'idnumber' => $params['idnumber'],
            'description' => $params['descriptionhtml'], 'descriptionformat' => FORMAT_HTML, 'visible' => (int) $params['visible'],
        ]);
        return ['id' => (int) $id, 'name' => $params['name']];
    }

    /**
     * People who came since are somebody's doing.
     *
     * @param array $params
     * @param array $results
     * @param int $since
     * @param work $work
     * @return change|null
     */
    public function changed(array $params, array $results, int $since, work $work): ?change {
        global $DB;

        $came = (int) $DB->get_field('cohort_members', 'MAX(timeadded)', ['cohortid' => $results['id']]);
        if ($came > $since) {
            return new change($results['name'], $came);
        }
        return changes::in_row('cohort', $results['id'], 'timemodified', $since);
    }

    /**
     * Delete the cohort, unless a course enrols by it.
     *
     * @param array $params
     * @param array $results
     * @param work $work
     */
    public function undo(array $params, array $results, work $work): void {
        global $DB;

        $cohort = $DB->get_record('cohort', ['id' => $results['id']]);
        if (!$cohort) {
            return;
        }
        if ($DB->record_exists('enrol', ['enrol' => 'cohort', 'customint1' => $cohort->id])) {
            throw new refusal('cohortused', ['name' => $cohort->name]);
        }
        cohort_delete_cohort($cohort);
    }
}
