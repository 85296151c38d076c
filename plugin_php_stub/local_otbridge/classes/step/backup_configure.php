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
 * Step backup.configure: automated backups and recycle bins.
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
use local_otbridge\scope;
use local_otbridge\site_settings;
use local_otbridge\step;
use local_otbridge\work;

/**
 * Sets what is ordered of the settings that stand here; everything else stays as it is.
 */
class backup_configure extends step {
    /** @var string[] days as the setting has them, one digit each */
    const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
    /** @var int[] how automated backups are made */
    const SCHEDULES = ['off' => 0, 'on' => 1, 'manual' => 2];
    /** @var int[] where they are kept */
    const STORAGES = ['course' => 0, 'folder' => 1, 'both' => 2];
    /** @var int[][] what the form offers: another number would be lost when somebody saves it (the same from 3.9 to 4.5) */
    const OFFERED = [
        'keep' => [0, 1, 2, 3, 4, 5, 10, 20, 30, 40, 50, 100, 200, 300, 400, 500],
        'deletedays' => [0, 2, 5, 10, 35, 60, 90, 120, 150, 180, 365, 1000],
        'skipunmodifieddays' => [0, 1, 2, 3, 5, 7, 10, 14, 20, 30, 60, 90, 120, 180, 365],
    ];
    /** @var string[] names of the settings behind these */
    const NUMBERS = [
        'keep' => 'backup_auto_max_kept', 'deletedays' => 'backup_auto_delete_days',
        'skipunmodifieddays' => 'backup_auto_skip_modif_days',
    ];
    /** @var string[] what a backup may hold; `backup_auto_` stands before each */
    const CONTENTS = [
        'users', 'role_assignments', 'activities', 'blocks', 'files', 'filters', 'comments', 'badges', 'calendarevents',
        'userscompletion', 'logs', 'histories', 'questionbank', 'groups', 'competencies', 'customfield', 'contentbankcontent',
        'xapistate', 'legacyfiles',
    ];
    /** @var int days that a recycle bin keeps things at most */
    const LONGEST = 3650;

    /**
     * Parameters: what is left out, empty or -1 stays as it is.
     *
     * @return field[]
     */
    public function schema(): array {
        $flag = static function () {
            return field::choice(['', 'on', 'off'])->default('');
        };
        $days = static function () {
            return field::int(-1, self::LONGEST)->default(-1);
        };
        return [
            'schedule' => field::choice(array_merge([''], array_keys(self::SCHEDULES)))->default(''),
            'weekdays' => field::items(field::choice(self::DAYS), 0, 7)->default([]),
            'hour' => field::int(-1, 23)->default(-1),
            'minute' => field::int(-1, 55)->default(-1),
            'storage' => field::choice(array_merge([''], array_keys(self::STORAGES)))->default(''),
            'destination' => field::text(1000)->default(''),
            'keep' => field::int(-1, 500)->default(-1),
            'deletedays' => field::int(-1, 1000)->default(-1),
            'skiphidden' => $flag(),
            'skipunmodifieddays' => field::int(-1, 365)->default(-1),
            'with' => field::items(field::choice(self::CONTENTS), 0, 30)->default([]),
            'without' => field::items(field::choice(self::CONTENTS), 0, 30)->default([]),
            'coursebin' => $flag(),
            'coursebindays' => $days(),
            'categorybin' => $flag(),
            'categorybindays' => $days(),
        ];
    }

    /**
     * Results.
     *
     * @return string[]
     */
    public function results(): array {
        return ['changes' => '', 'settings' => ''];
    }

    /**
     * Capabilities.
     *
     * @return string[]
     */
    public function needs(): array {
        return ['local/otbridge:managesite'];
    }

    /**
     * Capabilities in their contexts.
     *
     * @param array $params
     * @param scope $scope
     * @return array
     */
    public function capabilities(array $params, scope $scope): array {
        return [['local/otbridge:managesite', context_system::instance()]];
    }

    /**
     * One at a time.
     *
     * @param array $params
     * @return string[]
     */
    public function locks(array $params): array {
        return ['sitesettings'];
    }

    /**
     * Look for faults: settings that are not there or not free, numbers that the form does not offer, folders.
     *
     * @param array $params
     * @param checking $checking
     */
    public function check(array $params, checking $checking): void {
        foreach (self::OFFERED as $name => $offered) {
            if (is_int($params[$name]) && $params[$name] !== -1 && !in_array($params[$name], $offered, true)) {
                $facts = ['value' => $params[$name], 'choices' => implode(', ', $offered)];
                $checking->fault($name, 'paramchoice', $facts);
            }
        }
        if (is_int($params['minute']) && $params['minute'] > 0 && $params['minute'] % 5) {
            $facts = ['value' => $params['minute'], 'choices' => implode(', ', range(0, 55, 5))];
            $checking->fault('minute', 'paramchoice', $facts);
        }
        $wanted = $this->wanted($params);
        if (!$wanted) {
            $checking->fault('', 'nosettings');
        }
        foreach ($wanted as [$plugin, $name, , $param]) {
            $facts = ['plugin' => $plugin, 'name' => $name];
            if (site_settings::read($plugin, $name) === null) {
                $checking->fault($param, 'settingunknown', $facts);
            } else if (site_settings::is_forced($plugin, $name)) {
                $checking->fault($param, 'settingforced', $facts);
            } else if (!$checking->claim('setting', "$plugin/$name")) {
                $checking->fault($param, 'settingtwice', $facts);
            }
        }
        $this->check_destination($params, $checking);
        $this->check_schedule($params, $checking);
    }

    /**
     * Set them.
     *
     * @param array $params
     * @param work $work
     * @return array
     */
    public function run(array $params, work $work): array {
        $changes = site_settings::apply(array_map(static function ($one) {
            return array_slice($one, 0, 3);
        }, $this->wanted($params)));
        $settings = [];
        foreach ($this->wanted($params) as [$plugin, $name]) {
            $settings["$plugin/$name"] = (string) site_settings::read($plugin, $name);
        }
        return ['changes' => $changes, 'settings' => (object) $settings];
    }

    /**
     * Settings are cached.
     *
     * @param array $params
     * @param array $results
     */
    public function refresh(array $params, array $results): void {
        site_settings::refresh(['backup', 'tool_recyclebin']);
    }

    /**
     * Settings that are not as they were set.
     *
     * @param array $params
     * @param array $results
     * @param int $since
     * @param work $work
     * @return change|null
     */
    public function changed(array $params, array $results, int $since, work $work): ?change {
        return site_settings::changed($results['changes'], $since);
    }

    /**
     * Give the earlier values back.
     *
     * @param array $params
     * @param array $results
     * @param work $work
     */
    public function undo(array $params, array $results, work $work): void {
        site_settings::restore($results['changes']);
    }

    /**
     * The settings that are ordered.
     *
     * @param array $params
     * @return array of [plugin, name, value, parameter that orders it]
     */
    private function wanted(array $params): array {
        $wanted = [];
        if ($params['schedule'] !== '') {
            $wanted[] = ['backup', 'backup_auto_active', (string) self::SCHEDULES[$params['schedule']], 'schedule'];
        }
        if ($params['weekdays']) {
            $digits = implode('', array_map(static function ($day) use ($params) {
                return in_array($day, $params['weekdays'], true) ? '1' : '0';
            }, self::DAYS));
            $wanted[] = ['backup', 'backup_auto_weekdays', $digits, 'weekdays'];
        }
        foreach (['hour' => 'backup_auto_hour', 'minute' => 'backup_auto_minute'] + self::NUMBERS as $param => $name) {
            if ($params[$param] !== -1) {
                $wanted[] = ['backup', $name, (string) $params[$param], $param];
            }
        }
        if ($params['storage'] !== '') {
            $wanted[] = ['backup', 'backup_auto_storage', (string) self::STORAGES[$params['storage']], 'storage'];
        }
        if ($params['destination'] !== '') {
            $wanted[] = ['backup', 'backup_auto_destination', $params['destination'], 'destination'];
        }
        foreach (['with' => '1', 'without' => '0'] as $param => $value) {
            foreach ($params[$param] as $index => $name) {
                $wanted[] = ['backup', 'backup_auto_' . $name, $value, "{$param}[$index]"];
            }
        }
        $flags = [
            'skiphidden' => ['backup', 'backup_auto_skip_hidden'], 'coursebin' => ['tool_recyclebin', 'coursebinenable'],
            'categorybin' => ['tool_recyclebin', 'categorybinenable'],
        ];
        foreach ($flags as $param => [$plugin, $name]) {
            if ($params[$param] !== '') {
                $wanted[] = [$plugin, $name, $params[$param] === 'on' ? '1' : '0', $param];
            }
        }
        foreach (['coursebindays' => 'coursebinexpiry', 'categorybindays' => 'categorybinexpiry'] as $param => $name) {
            if ($params[$param] !== -1) {
                $wanted[] = ['tool_recyclebin', $name, (string) ($params[$param] * DAYSECS), $param];
            }
        }
        return $wanted;
    }

    /**
     * A folder that is missing or read only ends as "ok" with the backup in the course; one below the site's code is open to all.
     *
     * @param array $params
     * @param checking $checking
     */
    private function check_destination(array $params, checking $checking): void {
        global $CFG;

        $storage = $params['storage'] !== '' ? self::STORAGES[$params['storage']]
            : (int) site_settings::read('backup', 'backup_auto_storage');
        $where = $params['destination'] !== '' ? $params['destination']
            : (string) site_settings::read('backup', 'backup_auto_destination');
        $ordered = $params['destination'] !== '' || $params['storage'] !== '';
        if (!$ordered || ($storage === 0 && $params['destination'] === '')) {
            return;
        }
        $param = $params['destination'] !== '' ? 'destination' : 'storage';
        $real = $where === '' ? false : realpath($where);
        foreach (array_unique([$CFG->root ?? $CFG->dirroot, $CFG->dirroot]) as $code) {
            if (strpos($real . '/', realpath($code) . '/') === 0) {
                $checking->fault($param, 'folderpublic', ['folder' => $where]);
                return;
            }
        }
        if ($real === false || !is_dir($real) || !is_writable($real)) {
            $checking->fault($param, 'foldernotwritable', ['folder' => $where]);
        }
    }

    /**
     * Backups that are switched on without a day are never made.
     *
     * @param array $params
     * @param checking $checking
     */
    private function check_schedule(array $params, checking $checking): void {
        $days = (string) site_settings::read('backup', 'backup_auto_weekdays');
        if ($params['schedule'] === 'on' && !$params['weekdays'] && strpos($days, '1') === false) {
            $checking->fault('weekdays', 'noweekdays');
        }
    }
}
