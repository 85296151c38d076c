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
 * Step: a scale of a course.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\step;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->libdir . '/gradelib.php');

use grade_scale;
use local_otbridge\change;
use local_otbridge\checking;
use local_otbridge\field;
use local_otbridge\refusal;
use local_otbridge\scope;
use local_otbridge\step;
use local_otbridge\work;

/**
 * Makes a scale.
 */
class grade_create_scale extends step {
    /**
     * Parameters.
     *
     * @return field[]
     */
    public function schema(): array {
        return [
            'course' => field::record('course'),
            'name' => field::text(255)->filled(),
            'items' => field::items(field::text(100)->filled()->pattern('/^[^,]*\z/'), 2, 50),
            'descriptionhtml' => field::html()->default(''),
        ];
    }

    /**
     * Results.
     *
     * @return string[]
     */
    public function results(): array {
        return ['id' => 'scale', 'name' => 'text'];
    }

    /**
     * Capabilities.
     *
     * @return string[]
     */
    public function needs(): array {
        return ['moodle/course:managescales'];
    }

    /**
     * Capabilities in their contexts.
     *
     * @param array $params
     * @param scope $scope
     * @return array
     */
    public function capabilities(array $params, scope $scope): array {
        return [['moodle/course:managescales', $scope->context('course', $params['course'])]];
    }

    /**
     * Core takes a second scale of the same name.
     *
     * @param array $params
     * @return string[]
     */
    public function locks(array $params): array {
        return ['grades' . $params['course']];
    }

    /**
     * Look for faults.
     *
     * @param array $params
     * @param checking $checking
     */
    public function check(array $params, checking $checking): void {
        global $DB;

        $name = $params['name'];
        $where = is_int($params['course']) ? $params['course'] : -1;
        $taken = is_string($name) && $DB->record_exists_select('scale', 'courseid IN (0, ?) AND name = ?', [$where, $name]);
        if ($taken || (is_string($name) && !$checking->claim("scale.{$params['course']}", $name))) {
            $checking->fault('name', 'scalenametaken', ['name' => $name]);
        }
    }

    /**
     * Make it.
     *
     * @param array $params
     * @param work $work
     * @return array
     */
    public function run(array $params, work $work): array {
        $scale = new grade_scale([
            'courseid' => $params['course'], 'userid' => $work->userid(), 'name' => $params['name'],
            'scale' => implode(',', $params['items']), 'description' => $params['descriptionhtml'], 'descriptionformat' => FORMAT_HTML,
        ], false);
        return ['id' => (int) $scale->insert(), 'name' => $params['name']];
    }

    /**
     * Whether somebody changed it since.
     *
     * @param array $params
     * @param array $results
     * @param int $since
     * @param work $work
     * @return change|null
     */
    public function changed(array $params, array $results, int $since, work $work): ?change {
        global $DB;

        $row = $DB->get_record('scale', ['id' => $results['id']]);
        $same = !$row || ($row->name === $params['name'] && $row->scale === implode(',', $params['items']));
        return $same ? null : new change($params['name'], (int) $row->timemodified);
    }

    /**
     * Delete it; core would delete one that is in use.
     *
     * @param array $params
     * @param array $results
     * @param work $work
     */
    public function undo(array $params, array $results, work $work): void {
        $scale = grade_scale::fetch(['id' => $results['id']]);
        if (!$scale) {
            return;
        }
        if ($scale->is_used()) {
            throw new refusal('scaleused', ['name' => $params['name']]);
        }
        $scale->delete();
    }
}
