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
 * The page of the rules.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use html_table;
use html_writer;
use moodle_url;
use stdClass;

/**
 * Lists the rules, with what each does and for how many.
 */
class rules_page {
    /**
     * All rules.
     *
     * @return string HTML
     */
    public static function listing(): string {
        global $DB, $OUTPUT;

        $rules = $DB->get_records(rules::TABLE, null, 'id');
        if (!$rules) {
            return $OUTPUT->notification(get_string('norules', 'local_otbridge'), 'info');
        }
        $table = new html_table();
        $table->head = array_map(static function ($name) {
            return get_string('column_' . $name, 'local_otbridge');
        }, ['name', 'conditions', 'target', 'onleave', 'people', 'enabled']);
        foreach ($rules as $rule) {
            $table->data[] = [
                s($rule->name), s(self::conditions($rule)), self::target($rule),
                get_string('onleave_' . $rule->onleave, 'local_otbridge'), self::people((int) $rule->id), self::toggle($rule),
            ];
        }
        return html_writer::table($table);
    }

    /**
     * What a rule asks for.
     *
     * @param stdClass $rule
     * @return string
     */
    private static function conditions(stdClass $rule): string {
        return implode('; ', array_map(static function ($one) {
            return "$one[field] " . get_string('op_' . $one['op'], 'local_otbridge') . ' ' . implode(' | ', $one['values']);
        }, json::decode($rule->conditions)));
    }

    /**
     * Where it enrols.
     *
     * @param stdClass $rule
     * @return string HTML
     */
    private static function target(stdClass $rule): string {
        global $DB;

        if ($rule->cohortid) {
            $name = $DB->get_field('cohort', 'name', ['id' => $rule->cohortid]);
            return html_writer::link(new moodle_url('/cohort/assign.php', ['id' => $rule->cohortid]), s((string) $name));
        }
        $name = $DB->get_field('course', 'fullname', ['id' => $rule->courseid]);
        $link = html_writer::link(new moodle_url('/user/index.php', ['id' => $rule->courseid]), s((string) $name));
        $more = array_filter([
            $DB->get_field('role', 'shortname', ['id' => $rule->roleid]), $DB->get_field('groups', 'name', ['id' => $rule->groupid]),
        ]);
        return $link . ' (' . s(implode(', ', $more)) . ')';
    }

    /**
     * How many match, and for how many of them it enrolled.
     *
     * @param int $ruleid
     * @return string
     */
    private static function people(int $ruleid): string {
        global $DB;

        return get_string('rulepeople', 'local_otbridge', (object) [
            'in' => $DB->count_records(rules::PEOPLE, ['ruleid' => $ruleid, 'state' => 'in']),
            'out' => $DB->count_records(rules::PEOPLE, ['ruleid' => $ruleid, 'state' => 'out']),
            'made' => $DB->count_records(rules::PEOPLE, ['ruleid' => $ruleid, 'enrolled' => 1]),
        ]);
    }

    /**
     * A button to switch it on or off.
     *
     * @param stdClass $rule
     * @return string HTML
     */
    private static function toggle(stdClass $rule): string {
        global $OUTPUT;

        $url = new moodle_url('/local/otbridge/rules.php', ['id' => $rule->id, 'enable' => (int) !$rule->enabled]);
        return $OUTPUT->single_button($url, get_string($rule->enabled ? 'disable' : 'enable'), 'post');
    }
}
