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
 * Step user.enrol: a person into a course, by hand.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\step;

use local_otbridge\assigning;
use local_otbridge\change;
use local_otbridge\checking;
use local_otbridge\enrolments;
use local_otbridge\field;
use local_otbridge\accounts;
use local_otbridge\refusal;
use local_otbridge\scope;
use local_otbridge\step;
use local_otbridge\work;

/**
 * Enrols a person with a role. Who is enrolled by hand already keeps the enrolment as it is.
 */
class user_enrol extends step {
    /**
     * Parameters.
     *
     * @return field[]
     */
    public function schema(): array {
        return [
            'course' => field::record('course'),
            'user' => field::record('user'),
            'role' => field::text(100)->filled(),
            'timestart' => field::time()->default(0),
            'timeend' => field::time()->default(0),
        ];
    }

    /**
     * Results.
     *
     * @return string[]
     */
    public function results(): array {
        return ['user' => 'user', 'course' => 'course', 'isnew' => 'bool', 'rolenew' => 'bool'];
    }

    /**
     * Capabilities.
     *
     * @return string[]
     */
    public function needs(): array {
        return ['enrol/manual:enrol', 'moodle/role:assign'];
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
        return array_map(static function ($capability) use ($context) {
            return [$capability, $context];
        }, $this->needs());
    }

    /**
     * Look for faults.
     *
     * @param array $params
     * @param checking $checking
     */
    public function check(array $params, checking $checking): void {
        [$course, $user, $start, $end] = [$params['course'], $params['user'], $params['timestart'], $params['timeend']];
        assigning::check($params['role'], 'course', $checking->context('course', $course), 'role', $checking);
        if (is_int($start) && is_int($end) && $end && $end <= $start) {
            $checking->fault('timeend', 'timesorder', ['first' => userdate($start), 'second' => userdate($end)]);
        }
        if (is_int($user) && accounts::is_protected($user)) {
            $checking->fault('user', 'userprotected', ['id' => $user]);
        }
        if (!is_int($course)) {
            return;
        }
        $instance = enrolments::manual($course);
        if ($instance === null) {
            $checking->fault('course', 'nomanualenrol', ['id' => $course]);
        } else if (is_int($user)) {
            $this->check_enrolled($instance, $user, $params, $checking);
        }
    }

    /**
     * Enrol.
     *
     * @param array $params
     * @param work $work
     * @return array
     */
    public function run(array $params, work $work): array {
        $instance = enrolments::manual($params['course']);
        $role = assigning::role($params['role']);
        if ($instance === null) {
            throw new refusal('nomanualenrol', ['id' => $params['course']]);
        }
        $new = enrolments::enrol($instance, $params['user'], (int) $role->id, $params['timestart'], $params['timeend']);
        $work->remember(['role' => (int) $role->id]);
        return [
            'user' => $params['user'], 'course' => $params['course'], 'isnew' => $new['enrolled'], 'rolenew' => $new['role'],
        ];
    }

    /**
     * Somebody changed the enrolment, or the person was in the course: unenrolling would take their grades.
     *
     * @param array $params
     * @param array $results
     * @param int $since
     * @param work $work
     * @return change|null
     */
    public function changed(array $params, array $results, int $since, work $work): ?change {
        $instance = $results['isnew'] ? enrolments::manual($params['course']) : null;
        $row = $instance === null ? null : enrolments::of((int) $instance->id, $params['user']);
        if ($row === null) {
            return null;
        }
        $seen = enrolments::last_seen($params['course'], $params['user']);
        if ($seen > $since) {
            return new change('user_lastaccess', $seen, $params['user']);
        }
        return $row->timemodified > $since
            ? new change('user_enrolments', (int) $row->timemodified, (int) $row->modifierid) : null;
    }

    /**
     * Unenrol, as far as it was done here.
     *
     * @param array $params
     * @param array $results
     * @param work $work
     */
    public function undo(array $params, array $results, work $work): void {
        $role = (int) ($work->recall()['role'] ?? 0);
        enrolments::remove($params['course'], $params['user'], $role, $results['isnew'], $results['rolenew']);
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
     * An enrolment that is there and differs from the order is never changed silently.
     *
     * @param \stdClass $instance
     * @param int $user
     * @param array $params
     * @param checking $checking
     */
    private function check_enrolled(\stdClass $instance, int $user, array $params, checking $checking): void {
        $row = enrolments::of((int) $instance->id, $user);
        if ($row === null) {
            return;
        }
        $same = (int) $row->status === ENROL_USER_ACTIVE
            && [(int) $row->timestart, (int) $row->timeend] === [$params['timestart'], $params['timeend']];
        $open = (int) $row->status === ENROL_USER_ACTIVE && $params['timestart'] === 0 && $params['timeend'] === 0
            && (int) $row->timestart <= time() && (int) $row->timeend === 0;
        if ($same || $open) {
            $checking->note('user', 'alreadyenrolled', ['id' => $user]);
        } else {
            $checking->fault('user', 'enrolledotherwise', [
                'id' => $user, 'suspended' => (int) $row->status, 'timestart' => $row->timestart ? userdate($row->timestart) : '-',
                'timeend' => $row->timeend ? userdate($row->timeend) : '-',
            ]);
        }
    }
}
