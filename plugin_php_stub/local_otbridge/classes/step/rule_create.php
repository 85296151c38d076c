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
 * Step rule.create: a rule that enrols people by their profiles, from now on.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\step;

use context;
use local_otbridge\assigning;
use local_otbridge\change;
use local_otbridge\checking;
use local_otbridge\enrolments;
use local_otbridge\field;
use local_otbridge\kinds;
use local_otbridge\profile;
use local_otbridge\rules;
use local_otbridge\scope;
use local_otbridge\step;
use local_otbridge\work;

/**
 * Makes a rule ({@see rules}), and does to those who match it now what it says.
 */
class rule_create extends step {
    /** @var int people who are enrolled in the step itself; the rest follow by the scheduled task */
    const AT_ONCE = 200;

    /**
     * Parameters: a course with a role, or a cohort.
     *
     * @return field[]
     */
    public function schema(): array {
        return [
            'name' => field::text(255)->filled(),
            'conditions' => field::items(field::structure([
                'field' => field::text(255)->filled(),
                'op' => field::choice(rules::OPERATORS)->default('is'),
                'values' => field::items(field::text(255)->filled(), 1, 300),
            ]), 1, 20),
            'course' => field::record('course')->default(null),
            'role' => field::text(100)->default(''),
            'group' => field::record('group')->default(null),
            'cohort' => field::record('cohort')->default(null),
            'onleave' => field::choice(rules::ON_LEAVE),
        ];
    }

    /**
     * Results: how many people match now, and how many of them were enrolled in the step.
     *
     * @return string[]
     */
    public function results(): array {
        return ['id' => 'int', 'matching' => 'int', 'enrolled' => 'int', 'url' => 'text'];
    }

    /**
     * Capabilities.
     *
     * @return string[]
     */
    public function needs(): array {
        return [
            'enrol/manual:enrol', 'enrol/manual:manage', 'moodle/course:enrolconfig', 'moodle/role:assign', 'moodle/cohort:assign',
            'moodle/course:managegroups',
        ];
    }

    /**
     * Capabilities in their contexts.
     *
     * @param array $params
     * @param scope $scope
     * @return array
     */
    public function capabilities(array $params, scope $scope): array {
        $context = $this->place($params, $scope);
        $names = $params['cohort'] !== null ? ['moodle/cohort:assign'] : array_diff($this->needs(), ['moodle/cohort:assign']);
        return array_map(static function ($name) use ($context) {
            return [$name, $context];
        }, array_values($names));
    }

    /**
     * Where it works.
     *
     * @param array $params
     * @param scope $scope
     * @return context|null
     */
    public function place(array $params, scope $scope): ?context {
        $kind = $params['cohort'] !== null ? 'cohort' : 'course';
        return $scope->context($kind, $params[$kind]);
    }

    /**
     * Look for faults.
     *
     * @param array $params
     * @param checking $checking
     */
    public function check(array $params, checking $checking): void {
        if (($params['course'] === null) === ($params['cohort'] === null)) {
            $checking->fault('course', 'courseorcohort');
            return;
        }
        $sound = true;
        foreach ($params['conditions'] as $index => $condition) {
            $sound = $this->check_condition($condition, "conditions[$index]", $checking) && $sound;
        }
        if ($params['cohort'] !== null) {
            $this->check_cohort($params, $checking);
        } else {
            $this->check_course($params, $checking);
        }
        $twin = json_encode([(string) $params['course'], (string) $params['cohort'], (string) $params['role'],
            (string) $params['group'], array_map(static function ($one) {
                return [(string) $one['field'], $one['op'], $one['values']];
            }, $params['conditions'])]);
        if (!$checking->claim('rule', $twin)) {
            $checking->fault('conditions', 'ruletwice', ['name' => (string) $params['name']]);
        }
        if ($sound) {
            $checking->note('conditions', 'rulematches', ['count' => count(rules::matching($params['conditions']))]);
        }
    }

    /**
     * Make the rule.
     *
     * @param array $params
     * @param work $work
     * @return array
     */
    public function run(array $params, work $work): array {
        $role = $params['course'] === null ? null : assigning::role($params['role']);
        $rule = rules::insert($params, $role === null ? 0 : (int) $role->id);
        $url = new \moodle_url('/local/otbridge/rules.php');
        return [
            'id' => (int) $rule->id, 'matching' => count(rules::matching($params['conditions'])),
            'enrolled' => rules::apply($rule, 0, self::AT_ONCE), 'url' => $url->out(false),
        ];
    }

    /**
     * Somebody changed the rule, or a person whom it enrolled was in the course since: their grades would go.
     *
     * @param array $params
     * @param array $results
     * @param int $since
     * @param work $work
     * @return change|null
     */
    public function changed(array $params, array $results, int $since, work $work): ?change {
        $rule = rules::get((int) $results['id']);
        if ($rule === null) {
            return null;
        }
        if ($rule->timemodified > $since) {
            return new change($rule->name, (int) $rule->timemodified, (int) $rule->usermodified);
        }
        $seen = rules::seen($rule, $since);
        return $seen === null ? null : new change('user_lastaccess', (int) $seen->timeaccess, (int) $seen->userid);
    }

    /**
     * Delete the rule, with the enrolments that it made.
     *
     * @param array $params
     * @param array $results
     * @param work $work
     */
    public function undo(array $params, array $results, work $work): void {
        rules::remove((int) $results['id']);
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
     * Look at a condition: one on a field that is not there, or on a value that the field cannot have, would never be true.
     *
     * @param array $condition
     * @param string $path
     * @param checking $checking
     * @return bool whether it can be asked now
     */
    private function check_condition(array $condition, string $path, checking $checking): bool {
        $name = $condition['field'];
        $values = array_map('strval', $condition['values']);
        $exact = $condition['op'] !== 'contains';
        $planned = $checking->planned($name, 'profile.create_field');
        if ($planned !== null) {
            if ($exact && $planned['datatype'] === 'menu' && array_diff($values, $planned['options'])) {
                $facts = ['field' => (string) $planned['shortname'], 'value' => implode(', ', array_diff($values, $planned['options']))];
                $checking->fault("$path.values", 'profilevalue', $facts + ['choices' => implode(', ', $planned['options'])]);
            }
            return false;
        }
        if (!is_string($name)) {
            return false;
        }
        if (strpos($name, profile::PREFIX) !== 0) {
            if (!in_array($name, rules::COLUMNS, true)) {
                $checking->fault("$path.field", 'unknownprofilefield', ['field' => $name]);
                return false;
            }
            $countries = get_string_manager()->get_list_of_countries(true);
            $unknown = $name === 'country' && $exact ? array_diff($values, array_keys($countries)) : [];
            foreach ($unknown as $value) {
                $checking->fault("$path.values", 'countrynotfound', ['country' => $value]);
            }
            return !$unknown;
        }
        $fault = profile::fault($name, $exact ? $values : []);
        if ($fault !== null) {
            $checking->fault($fault[0] === 'profilevalue' ? "$path.values" : "$path.field", $fault[0], $fault[1]);
            return false;
        }
        if (in_array(profile::fields($name)[0]->datatype, ['datetime', 'textarea'], true)) {
            $checking->fault("$path.field", 'profilefieldnotcomparable', ['field' => $name]);
            return false;
        }
        return true;
    }

    /**
     * A rule for a course.
     *
     * @param array $params
     * @param checking $checking
     */
    private function check_course(array $params, checking $checking): void {
        if ($params['role'] === '') {
            $checking->fault('role', 'parammissing', ['name' => 'role']);
        } else {
            assigning::check($params['role'], 'course', $checking->context('course', $params['course']), 'role', $checking);
        }
        if (is_int($params['course']) && enrolments::manual($params['course']) === null) {
            $checking->fault('course', 'nomanualenrol', ['id' => $params['course']]);
        }
        $group = $params['group'];
        if (is_int($group) && is_int($params['course']) && kinds::course('group', $group) !== $params['course']) {
            $checking->fault('group', 'othercourse', ['id' => $group]);
        }
    }

    /**
     * A rule for a cohort.
     *
     * @param array $params
     * @param checking $checking
     */
    private function check_cohort(array $params, checking $checking): void {
        global $DB;

        if ($params['role'] !== '' || $params['group'] !== null) {
            $checking->fault('cohort', 'courseorcohort');
        }
        if (is_int($params['cohort']) && $DB->get_field('cohort', 'component', ['id' => $params['cohort']]) !== '') {
            $checking->fault('cohort', 'cohortmanaged', ['id' => $params['cohort']]);
        }
        // Who leaves a cohort is unenrolled, with their grades, unless the site's settings say otherwise.
        if ($params['onleave'] === 'suspend' && (int) get_config('enrol_cohort', 'unenrolaction') === ENROL_EXT_REMOVED_UNENROL) {
            $checking->fault('onleave', 'cohortunenrols');
        }
    }
}
