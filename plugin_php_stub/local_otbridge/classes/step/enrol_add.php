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
 * Step enrol.add: a way into a course, by a cohort or by oneself.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\step;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->libdir . '/enrollib.php');

use local_otbridge\assigning;
use local_otbridge\change;
use local_otbridge\checking;
use local_otbridge\enrolments;
use local_otbridge\field;
use local_otbridge\kinds;
use local_otbridge\refusal;
use local_otbridge\scope;
use local_otbridge\step;
use local_otbridge\work;

/**
 * Adds an enrolment method. Core takes a second one of the same kind, a cohort that is not there, and a role that is not.
 */
class enrol_add extends step {
    /** @var string[] capability by method */
    const CAPABILITIES = ['cohort' => 'enrol/cohort:config', 'self' => 'enrol/self:config'];

    /**
     * Parameters.
     *
     * @return field[]
     */
    public function schema(): array {
        return [
            'course' => field::record('course'),
            'method' => field::choice(['cohort', 'self']),
            'role' => field::text(100)->filled(),
            'cohort' => field::record('cohort')->default(null),
            'group' => field::record('group')->default(null),
            'name' => field::text(255)->default(''),
            'key' => field::text(50)->default(''),
            'timestart' => field::time()->default(0),
            'timeend' => field::time()->default(0),
            'most' => field::int(0, 1000000)->default(0),
        ];
    }

    /**
     * Results.
     *
     * @return string[]
     */
    public function results(): array {
        return ['id' => 'int', 'enrolled' => 'int', 'url' => 'text'];
    }

    /**
     * Capabilities.
     *
     * @return string[]
     */
    public function needs(): array {
        return ['moodle/course:enrolconfig', 'enrol/cohort:config', 'enrol/self:config', 'moodle/role:assign'];
    }

    /**
     * Capabilities in their contexts.
     *
     * @param array $params
     * @param scope $scope
     * @return array
     */
    public function capabilities(array $params, scope $scope): array {
        $context = $scope->context('course', $params['course']);
        $own = self::CAPABILITIES[(string) $params['method']] ?? 'moodle/course:enrolconfig';
        return [['moodle/course:enrolconfig', $context], [$own, $context], ['moodle/role:assign', $context]];
    }

    /**
     * No second one of the same kind.
     *
     * @param array $params
     * @return string[]
     */
    public function locks(array $params): array {
        return ['enrol' . $params['course']];
    }

    /**
     * Look for faults.
     *
     * @param array $params
     * @param checking $checking
     */
    public function check(array $params, checking $checking): void {
        [$course, $method, $cohort] = [$params['course'], $params['method'], $params['cohort']];
        $context = $checking->context('course', $course);
        assigning::check($params['role'], 'course', $context, 'role', $checking);
        if (!enrol_is_enabled($method)) {
            $checking->fault('method', 'enroloff', ['method' => $method]);
        }
        if ($method === 'cohort' && $cohort === null) {
            $checking->fault('cohort', 'parammissing', ['name' => 'cohort']);
            return;
        }
        if (is_int($cohort) && $context !== null) {
            $above = array_map('intval', $context->get_parent_context_ids(true));
            if (!in_array(kinds::context('cohort', $cohort)->id, $above)) {
                $checking->fault('cohort', 'cohortelsewhere', ['id' => $cohort]);
            }
        }
        $this->check_group($params, $checking);
        if ($method === 'self') {
            $this->check_self($params, $checking);
        } else if ($params['key'] !== '' || $params['timestart'] || $params['timeend'] || $params['most']) {
            $checking->fault('method', 'notforcohort');
        }
        $same = [$course, $method, $params['role'], $cohort];
        $taken = is_int($course) && is_string($params['role']) && !is_object($cohort) && self::twin($params) !== null;
        if ($taken || !$checking->claim('enrol', implode("\n", array_map('strval', $same)))) {
            $checking->fault('method', 'enroltwice', ['method' => $method]);
        }
    }

    /**
     * Add it; a cohort's people are enrolled at once.
     *
     * @param array $params
     * @param work $work
     * @return array
     */
    public function run(array $params, work $work): array {
        global $DB;

        $plugin = enrol_get_plugin($params['method']);
        $role = assigning::role($params['role']);
        $fields = ['name' => $params['name'] === '' ? null : $params['name'], 'roleid' => $role->id];
        if ($params['method'] === 'cohort') {
            $fields += ['customint1' => $params['cohort'], 'customint2' => $params['group'] ?? 0];
        } else {
            $fields += [
                'password' => $params['key'] === '' ? null : $params['key'],
                'enrolstartdate' => $params['timestart'], 'enrolenddate' => $params['timeend'],
                'customint3' => $params['most'], 'customint4' => 0, 'customint5' => $params['cohort'] ?? 0, 'customint6' => 1,
            ] + $plugin->get_instance_defaults();
        }
        $course = $DB->get_record('course', ['id' => $params['course']], '*', MUST_EXIST);
        $id = (int) $plugin->add_instance($course, ['status' => ENROL_INSTANCE_ENABLED] + $fields);
        if (!$id) {
            throw new refusal('enroltwice', ['method' => $params['method']]);
        }
        $url = new \moodle_url('/enrol/instances.php', ['id' => $course->id]);
        return [
            'id' => $id, 'enrolled' => $DB->count_records('user_enrolments', ['enrolid' => $id]), 'url' => $url->out(false),
        ];
    }

    /**
     * Somebody changed it, or a person whom it enrolled was in the course since: their grades would go.
     *
     * @param array $params
     * @param array $results
     * @param int $since
     * @param work $work
     * @return change|null
     */
    public function changed(array $params, array $results, int $since, work $work): ?change {
        global $DB;

        $instance = $DB->get_record('enrol', ['id' => $results['id']]);
        if (!$instance) {
            return null;
        }
        if ($instance->timemodified > $since) {
            return new change('enrol', (int) $instance->timemodified);
        }
        $seen = $DB->get_records_sql(
            'SELECT l.id, l.userid, l.timeaccess
               FROM {user_lastaccess} l
               JOIN {user_enrolments} u ON u.userid = l.userid
              WHERE u.enrolid = ? AND l.courseid = ? AND l.timeaccess > ?',
            [$instance->id, $instance->courseid, $since],
            0,
            1
        );
        $last = reset($seen);
        return $last ? new change('user_lastaccess', (int) $last->timeaccess, (int) $last->userid) : null;
    }

    /**
     * Delete it, with the enrolments that it made.
     *
     * @param array $params
     * @param array $results
     * @param work $work
     */
    public function undo(array $params, array $results, work $work): void {
        global $DB;

        $instance = $DB->get_record('enrol', ['id' => $results['id']]);
        if ($instance) {
            enrol_get_plugin($instance->enrol)->delete_instance($instance);
        }
    }

    /**
     * Who teaches a course is cached.
     *
     * @param array $params
     * @param array $results
     */
    public function refresh(array $params, array $results): void {
        if (is_int($params['course'])) {
            enrolments::refresh((string) $params['role'], $params['course']);
        }
    }

    /**
     * The method that does the same already.
     *
     * @param array $params
     * @return \stdClass|null
     */
    private static function twin(array $params): ?\stdClass {
        global $DB;

        $role = assigning::role($params['role']);
        $where = ['courseid' => $params['course'], 'enrol' => $params['method'], 'roleid' => $role === null ? 0 : $role->id];
        $where += $params['method'] === 'cohort' ? ['customint1' => $params['cohort']]
            : ['customint5' => $params['cohort'] ?? 0, 'status' => ENROL_INSTANCE_ENABLED];
        $found = $DB->get_records('enrol', $where, 'id', '*', 0, 1);
        return $found ? reset($found) : null;
    }

    /**
     * Whether the group is the course's.
     *
     * @param array $params
     * @param checking $checking
     */
    private function check_group(array $params, checking $checking): void {
        $group = $params['group'];
        if ($group !== null && $params['method'] === 'self') {
            $checking->fault('group', 'notforself');
        } else if (is_int($group) && is_int($params['course']) && kinds::course('group', $group) !== $params['course']) {
            $checking->fault('group', 'othercourse', ['id' => $group]);
        }
    }

    /**
     * Settings of enrolling oneself.
     *
     * @param array $params
     * @param checking $checking
     */
    private function check_self(array $params, checking $checking): void {
        [$start, $end, $key] = [$params['timestart'], $params['timeend'], $params['key']];
        if (is_int($start) && is_int($end) && $end && $end <= $start) {
            $checking->fault('timeend', 'timesorder', ['first' => userdate($start), 'second' => userdate($end)]);
        }
        $message = '';
        if ($key === '' && get_config('enrol_self', 'requirepassword')) {
            $checking->fault('key', 'keyneeded');
        } else if ($key !== '' && get_config('enrol_self', 'usepasswordpolicy') && !check_password_policy($key, $message)) {
            $checking->fault('key', 'keyweak', ['reason' => trim(strip_tags($message))]);
        }
    }
}
