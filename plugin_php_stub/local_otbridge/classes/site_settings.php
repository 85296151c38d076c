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
 * Settings of the site that steps change, and their earlier values.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use cache_helper;

/**
 * Changes settings as an administrator's form does, keeps what they were, and gives that back.
 *
 * A change is a list: plugin (`core` for the site's own), name, value before, value after; null where a setting is not set.
 */
class site_settings {
    /**
     * What a setting is, as the database has it: caches may hold what a rolled back transaction wrote.
     *
     * @param string $plugin
     * @param string $name
     * @return string|null
     */
    public static function read(string $plugin, string $name): ?string {
        global $DB;

        $value = $plugin === 'core' ? $DB->get_field('config', 'value', ['name' => $name])
            : $DB->get_field('config_plugins', 'value', ['plugin' => $plugin, 'name' => $name]);
        return $value === false ? null : (string) $value;
    }

    /**
     * Whether config.php says what a setting is, so that a change of the database does nothing.
     *
     * @param string $plugin
     * @param string $name
     * @return bool
     */
    public static function is_forced(string $plugin, string $name): bool {
        global $CFG;

        return $plugin === 'core' ? array_key_exists($name, $CFG->config_php_settings)
            : isset($CFG->forced_plugin_settings[$plugin]) && array_key_exists($name, $CFG->forced_plugin_settings[$plugin]);
    }

    /**
     * Change settings; those that have the value already are left alone.
     *
     * @param array $wanted of [plugin, name, value]
     * @return array the changes
     */
    public static function apply(array $wanted): array {
        $changes = [];
        foreach ($wanted as [$plugin, $name, $value]) {
            $before = self::read($plugin, $name);
            if ($before !== $value) {
                self::write($plugin, $name, $value, $before);
                $changes[] = [$plugin, $name, $before, $value];
            }
        }
        return $changes;
    }

    /**
     * Give the earlier values back, the last first; what has them already is left alone.
     *
     * @param array $changes
     */
    public static function restore(array $changes): void {
        foreach (array_reverse($changes) as [$plugin, $name, $before, $after]) {
            if (self::read($plugin, $name) === $after) {
                self::write($plugin, $name, $before, $after);
            }
        }
    }

    /**
     * The first setting that somebody changed since.
     *
     * @param array $changes
     * @param int $since Unix seconds
     * @return change|null
     */
    public static function changed(array $changes, int $since): ?change {
        global $DB;

        foreach ($changes as [$plugin, $name, , $after]) {
            if (self::read($plugin, $name) === $after) {
                continue;
            }
            $log = $DB->get_records_select(
                'config_log',
                'name = ? AND timemodified >= ? AND ' . ($plugin === 'core' ? 'plugin IS NULL' : 'plugin = ?'),
                array_merge([$name, $since], $plugin === 'core' ? [] : [$plugin]),
                'timemodified DESC, id DESC',
                'id, userid, timemodified',
                0,
                1
            );
            $row = reset($log);
            return new change("$plugin/$name", $row ? (int) $row->timemodified : 0, $row ? (int) $row->userid : 0);
        }
        return null;
    }

    /**
     * Make the caches of settings agree with the database; set_config() does nothing where the value is the same.
     *
     * @param string[] $plugins
     */
    public static function refresh(array $plugins): void {
        global $CFG;

        cache_helper::invalidate_by_definition('core', 'config', [], array_values(array_unique($plugins)));
        if (in_array('core', $plugins, true)) {
            initialise_cfg();
        }
    }

    /**
     * Write one value, and the log that administrators look into.
     *
     * @param string $plugin
     * @param string $name
     * @param string|null $value
     * @param string|null $before
     */
    private static function write(string $plugin, string $name, ?string $value, ?string $before): void {
        $of = $plugin === 'core' ? null : $plugin;
        self::refresh([$plugin]); // A stale cache makes core do nothing.
        if ($value === null) {
            unset_config($name, $of);
        } else {
            set_config($name, $value, $of);
        }
        add_to_config_log($name, $before, $value, $of);
    }
}
