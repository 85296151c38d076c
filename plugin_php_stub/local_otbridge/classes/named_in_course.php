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
 * Base of the steps that make a group or a grouping.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->dirroot . '/group/lib.php');

use stdClass;

/**
 * Makes one of the two things that a course has under a name of its own each, and perhaps an ID number.
 */
abstract class named_in_course extends step implements repeatable {
    /**
     * The kind of thing.
     *
     * @return string one of {@see kinds::TABLES}
     */
    abstract protected static function kind(): string;

    /**
     * Store a new one.
     *
     * @param stdClass $row
     * @return int its id
     */
    abstract protected function store(stdClass $row): int;

    /**
     * Store changes of one.
     *
     * @param stdClass $row
     */
    abstract protected function change(stdClass $row): void;

    /**
     * Parameters.
     *
     * @return field[]
     */
    public function schema(): array {
        return [
            'course' => field::record('course'),
            'name' => field::text(254)->filled(),
            'idnumber' => field::text(100)->default(''),
            'descriptionhtml' => field::html()->default(''),
        ];
    }

    /**
     * Results.
     *
     * @return string[]
     */
    public function results(): array {
        return ['id' => static::kind(), 'name' => 'text'];
    }

    /**
     * Capabilities.
     *
     * @return string[]
     */
    public function needs(): array {
        return ['moodle/course:managegroups'];
    }

    /**
     * Capabilities in their contexts.
     *
     * @param array $params
     * @param scope $scope
     * @return array
     */
    public function capabilities(array $params, scope $scope): array {
        return [['moodle/course:managegroups', $scope->context('course', $params['course'])]];
    }

    /**
     * Core does not refuse a second one of the same name, the form does.
     *
     * @param array $params
     * @return string[]
     */
    public function locks(array $params): array {
        return [static::kind() . 'names' . $params['course']];
    }

    /**
     * Look for faults.
     *
     * @param array $params
     * @param checking $checking
     */
    public function check(array $params, checking $checking): void {
        global $DB;

        foreach (['name' => static::kind() . 'nametaken', 'idnumber' => 'idnumbertaken'] as $name => $code) {
            $value = $params[$name];
            if (!is_string($value) || $value === '') {
                continue;
            }
            $where = ['courseid' => $params['course'], $name => $value];
            $taken = is_int($params['course']) && $DB->record_exists(self::table(), $where);
            if ($taken || !$checking->claim(static::kind() . '.' . $name . '.' . $params['course'], $value)) {
                $checking->fault($name, $code, [$name => $value]);
            }
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
        $id = $this->store((object) [
            'courseid' => $params['course'], 'name' => $params['name'], 'idnumber' => $params['idnumber'],
            'description' => $params['descriptionhtml'], 'descriptionformat' => FORMAT_HTML,
        ]);
        return ['id' => $id, 'name' => $params['name']];
    }

    /**
     * The one of that ID number, or else of that name.
     *
     * @param array $params
     * @return array|null
     */
    public function find(array $params): ?array {
        global $DB;

        if (!is_int($params['course']) || !is_string($params['name'])) {
            return null;
        }
        $column = is_string($params['idnumber']) && $params['idnumber'] !== '' ? 'idnumber' : 'name';
        $where = ['courseid' => $params['course'], $column => $params[$column]];
        $id = $DB->get_field(self::table(), 'id', $where, IGNORE_MULTIPLE);
        return $id ? ['id' => (int) $id, 'name' => $params['name']] : null;
    }

    /**
     * Its name.
     *
     * @param array $params
     * @param array $found
     * @return array
     */
    public function differences(array $params, array $found): array {
        global $DB;
        $name = $DB->get_field(self::table(), 'name', ['id' => $found['id']], MUST_EXIST);
        return $name === $params['name'] ? [] : ['name' => $name];
    }

    /**
     * Rename it.
     *
     * @param array $params
     * @param array $found
     * @param array $before
     * @param work $work
     * @return array
     */
    public function bring(array $params, array $found, array $before, work $work): array {
        $this->rename($params, $found['id'], $params['name']);
        return $found;
    }

    /**
     * Rename it back.
     *
     * @param array $params
     * @param array $results
     * @param array $before
     * @param work $work
     */
    public function put_back(array $params, array $results, array $before, work $work): void {
        $this->rename($params, $results['id'], $before['name']);
    }

    /**
     * Give it a name.
     *
     * @param array $params
     * @param int $id
     * @param string $name
     */
    private function rename(array $params, int $id, string $name): void {
        $this->change((object) ['id' => $id, 'courseid' => $params['course'], 'name' => $name]);
    }

    /**
     * Its table.
     *
     * @return string
     */
    private static function table(): string {
        return kinds::TABLES[static::kind()];
    }
}
