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
 * Step role.create: a new role.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\step;

use context_system;
use local_otbridge\change;
use local_otbridge\checking;
use local_otbridge\field;
use local_otbridge\kept_as_found;
use local_otbridge\policy;
use local_otbridge\refusal;
use local_otbridge\repeatable;
use local_otbridge\roles;
use local_otbridge\scope;
use local_otbridge\step;
use local_otbridge\work;

/**
 * Makes a role: an archetype's defaults first, then exactly what is ordered.
 */
class role_create extends step implements repeatable {
    use kept_as_found;

    /**
     * Parameters.
     *
     * @return field[]
     */
    public function schema(): array {
        $rolenames = function () {
            return field::items(field::text(100)->filled())->default([]);
        };
        return [
            'shortname' => field::text(100)->filled()->pattern('/^[A-Za-z0-9_-]+\z/'),
            'name' => field::text(255)->filled(),
            'description' => field::html()->default(''),
            'archetype' => field::text(30)->default(''),
            'contextlevels' => field::items(field::choice(array_keys(roles::LEVELS)))->default([]),
            'capabilities' => field::items(field::structure([
                'name' => field::text(255)->filled(),
                'permission' => field::choice(array_keys(roles::PERMISSIONS)),
            ]), 0, 2000)->default([]),
            'allowassign' => $rolenames(),
            'allowoverride' => $rolenames(),
            'allowswitch' => $rolenames(),
            'allowview' => $rolenames(),
        ];
    }

    /**
     * Results.
     *
     * @return string[]
     */
    public function results(): array {
        return [
            'id' => 'role', 'shortname' => 'text', 'name' => 'text', 'contextlevels' => '', 'capabilities' => '', 'url' => 'text',
        ];
    }

    /**
     * Capabilities.
     *
     * @return string[]
     */
    public function needs(): array {
        return ['local/otbridge:managerole', 'moodle/role:manage'];
    }

    /**
     * Capabilities in their contexts.
     *
     * @param array $params
     * @param scope $scope
     * @return array
     */
    public function capabilities(array $params, scope $scope): array {
        return array_map(static function ($capability) {
            return [$capability, context_system::instance()];
        }, $this->needs());
    }

    /**
     * One short name, one role.
     *
     * @param array $params
     * @return string[]
     */
    public function locks(array $params): array {
        return ['rolenames'];
    }

    /**
     * Look for faults: each unknown name at its place.
     *
     * @param array $params
     * @param checking $checking
     */
    public function check(array $params, checking $checking): void {
        global $DB;

        $shortname = $params['shortname'];
        if (is_string($shortname)) {
            if ($DB->record_exists('role', ['shortname' => $shortname]) || !$checking->claim('role.shortname', $shortname)) {
                $checking->fault('shortname', 'shortnametaken', ['shortname' => $shortname]);
            }
        }
        if (is_string($params['name']) && $DB->record_exists('role', ['name' => $params['name']])) {
            $checking->note('name', 'rolenametaken', ['name' => $params['name']]);
        }
        if ($params['archetype'] !== '' && !isset(get_role_archetypes()[(string) $params['archetype']])) {
            $checking->fault('archetype', 'unknownarchetype', ['archetype' => (string) $params['archetype']]);
            return;
        }
        $this->check_capabilities($params, $checking);
        $ids = roles::ids();
        foreach (array_keys(roles::ALLOW) as $kind) {
            foreach ($params['allow' . $kind] as $index => $shortname) {
                if (!isset($ids[(string) $shortname])) {
                    $checking->fault("allow{$kind}[$index]", 'unknownrole', ['shortname' => (string) $shortname]);
                }
            }
        }
        foreach (policy::broader((string) $params['archetype'], $params['contextlevels']) as $index => $level) {
            $facts = ['archetype' => $params['archetype'], 'level' => $level];
            $checking->fault("contextlevels[$index]", 'contextnotallowed', $facts);
        }
    }

    /**
     * Make the role.
     *
     * @param array $params
     * @param work $work
     * @return array
     */
    public function run(array $params, work $work): array {
        return $this->told(roles::make($params));
    }

    /**
     * What is known of roles is cached.
     *
     * @param array $params
     * @param array $results
     */
    public function refresh(array $params, array $results): void {
        if (isset($results['id'])) {
            accesslib_clear_role_cache($results['id']);
            context_system::instance()->mark_dirty();
        }
    }

    /**
     * Names, levels, capabilities, or overrides anywhere.
     *
     * @param array $params
     * @param array $results
     * @param int $since
     * @param work $work
     * @return change|null
     */
    public function changed(array $params, array $results, int $since, work $work): ?change {
        global $DB;

        $now = roles::read($results['id']);
        if ($now === null) {
            return null;
        }
        $where = 'roleid = ? AND (timemodified > ? OR contextid <> ?)';
        $values = [$results['id'], $since, context_system::instance()->id];
        $rows = $DB->get_records_select('role_capabilities', $where, $values, 'timemodified DESC', '*', 0, 1);
        if ($rows) {
            $row = reset($rows);
            return new change($row->capability, (int) $row->timemodified, (int) $row->modifierid);
        }
        foreach ($now as $name => $value) {
            if ($value !== $results[$name]) {
                return new change($name);
            }
        }
        return null;
    }

    /**
     * Delete the role, unless somebody holds it.
     *
     * @param array $params
     * @param array $results
     * @param work $work
     */
    public function undo(array $params, array $results, work $work): void {
        if (roles::read($results['id']) === null) {
            return;
        }
        if (roles::is_used($results['id'])) {
            throw new refusal('roleassigned', ['shortname' => $results['shortname']]);
        }
        roles::delete($results['id']);
    }

    /**
     * The role of that short name; what it may do is not changed, for people have it.
     *
     * @param array $params
     * @return array|null
     */
    public function find(array $params): ?array {
        global $DB;

        $id = is_string($params['shortname']) ? $DB->get_field('role', 'id', ['shortname' => $params['shortname']]) : false;
        return $id ? $this->told((int) $id) : null;
    }

    /**
     * The role as evidence.
     *
     * @param int $id
     * @return array
     */
    private function told(int $id): array {
        $url = new \moodle_url('/admin/roles/define.php', ['action' => 'view', 'roleid' => $id]);
        return roles::read($id) + ['url' => $url->out(false)];
    }

    /**
     * Look whether the capabilities exist, and whether the site lets a role carry their risks.
     *
     * @param array $params
     * @param checking $checking
     */
    private function check_capabilities(array $params, checking $checking): void {
        global $DB;

        $names = array_filter(array_column($params['capabilities'], 'name'), 'is_string');
        $risks = $DB->get_records_list('capabilities', 'name', $names, '', 'name, riskbitmask');
        $own = $params['archetype'] === '' ? [] : get_default_capabilities($params['archetype']);
        $seen = [];
        foreach ($params['capabilities'] as $index => $capability) {
            $name = (string) $capability['name'];
            if (isset($seen[$name])) {
                $checking->fault("capabilities[$index].name", 'capabilitytwice', ['name' => $name]);
            } else if (!isset($risks[$name])) {
                $checking->fault("capabilities[$index].name", 'unknowncapability', ['name' => $name]);
            } else if ($capability['permission'] === 'allow' && (int) ($own[$name] ?? 0) !== CAP_ALLOW) {
                $refused = policy::refused_risks((int) $risks[$name]->riskbitmask);
                if ($refused) {
                    $facts = ['name' => $name, 'risks' => implode(', ', $refused)];
                    $checking->fault("capabilities[$index].name", 'risknotallowed', $facts);
                }
            }
            $seen[$name] = true;
        }
    }
}
