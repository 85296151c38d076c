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
 * A kind of activity that the bridge can make.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use stdClass;

/**
 * Knows the settings of one kind of activity, and what core wants for them. A kind is a class in classes/activity/, found by its
 * file: `mod_quiz.php` is quiz.
 *
 * Core's add_moduleinfo() takes what the form would send, and checks next to nothing of it: each kind gives all the fields that the
 * form gives with its defaults, and looks itself for what core stores in silence and gets wrong.
 */
abstract class activity {
    /**
     * Names of all kinds.
     *
     * @return string[]
     */
    public static function names(): array {
        static $names = null;
        $names = $names ?? array_map(static function (string $file): string {
            return substr(basename($file, '.php'), 4);
        }, glob(__DIR__ . '/activity/mod_*.php'));
        return $names;
    }

    /**
     * A kind.
     *
     * @param mixed $type
     * @return self|null
     */
    public static function find($type): ?self {
        static $made = [];
        if (!is_string($type) || !in_array($type, self::names(), true)) {
            return null;
        }
        $class = __NAMESPACE__ . '\\activity\\mod_' . $type;
        $made[$type] = $made[$type] ?? new $class();
        return $made[$type];
    }

    /**
     * The settings.
     *
     * @return field[] by name
     */
    abstract public function settings(): array;

    /**
     * What core wants beside the common fields.
     *
     * @param array $settings as {@see self::settings()} describes them
     * @param int $draft draft area with the files, 0 without
     * @param stdClass $course
     * @return array by name
     */
    abstract public function data(array $settings, int $draft, stdClass $course): array;

    /**
     * How many files it takes.
     *
     * @return int[] least and most
     */
    public function files(): array {
        return [0, 0];
    }

    /**
     * Whether it takes its name from its text when it has none.
     *
     * @return bool
     */
    public function is_nameless(): bool {
        return false;
    }

    /**
     * Whether it has a page of its own.
     *
     * @return bool
     */
    public function has_page(): bool {
        return true;
    }

    /**
     * Look for what core takes in silence and gets wrong.
     *
     * @param array $settings values may be references
     * @param checking $checking
     */
    public function check(array $settings, checking $checking): void {
    }

    /**
     * Do what is left once it is there.
     *
     * @param stdClass $made as core returns it
     */
    public function finish(stdClass $made): void {
    }

    /**
     * Settings that are kept in a column as they are, so that an activity that is there already can be brought to them.
     *
     * @return string[] columns of its table, by setting
     */
    public function columns(): array {
        return [];
    }

    /**
     * Where people leave their work.
     *
     * @return array of [table, field of the instance, field of the time, field of the user, condition, whether it counts
     *     whenever it was done]
     */
    public function traces(): array {
        return [];
    }

    /**
     * Delete an activity.
     *
     * @param int $cmid
     * @param bool $keep whether the recycle bin keeps it, when it is on
     */
    public static function delete(int $cmid, bool $keep): void {
        global $CFG;

        require_once($CFG->dirroot . '/course/lib.php');
        $before = $CFG->forced_plugin_settings['tool_recyclebin'] ?? null;
        if (!$keep) {
            $CFG->forced_plugin_settings['tool_recyclebin'] = ['coursebinenable' => '0'] + (array) $before;
        }
        try {
            course_delete_module($cmid);
        } finally {
            if ($before === null) {
                unset($CFG->forced_plugin_settings['tool_recyclebin']);
            } else {
                $CFG->forced_plugin_settings['tool_recyclebin'] = $before;
            }
        }
    }

    /**
     * The schema with a default for the settings as a whole, when each has one.
     *
     * @return field
     */
    final public function field(): field {
        $fields = $this->settings();
        $made = field::structure($fields);
        foreach ($fields as $field) {
            if (!$field->is_optional()) {
                return $made;
            }
        }
        return $made->default(array_map(static function (field $field) {
            return $field->get_default();
        }, $fields));
    }

    /**
     * Look whether one moment lies before another; 0 is none.
     *
     * @param array $settings
     * @param string $first
     * @param string $second
     * @param checking $checking
     */
    protected static function in_order(array $settings, string $first, string $second, checking $checking): void {
        [$one, $other] = [$settings[$first], $settings[$second]];
        if (is_int($one) && is_int($other) && $one && $other && $other < $one) {
            $checking->fault('settings.' . $second, 'timesorder', ['first' => $first, 'second' => $second]);
        }
    }

    /**
     * Look whether the grade to pass can be reached, which core does not.
     *
     * @param array $settings
     * @param checking $checking
     */
    protected static function reachable(array $settings, checking $checking): void {
        [$pass, $grade] = [$settings['gradepass'], $settings['grade']];
        if (is_string($pass) && $pass !== '' && is_scalar($grade) && (float) $pass > (float) $grade) {
            $checking->fault('settings.gradepass', 'paramrange', ['value' => $pass, 'min' => '0', 'max' => (string) $grade]);
        }
    }

    /**
     * Look whether a grade is not above the site's limit, which core does not.
     *
     * @param array $settings
     * @param checking $checking
     */
    protected static function gradable(array $settings, checking $checking): void {
        global $CFG;

        $most = (int) ($CFG->gradepointmax ?? 100);
        if (is_int($settings['grade']) && $settings['grade'] > $most) {
            $checking->fault('settings.grade', 'paramrange', ['value' => $settings['grade'], 'min' => 0, 'max' => $most]);
        }
    }

    /**
     * Look whether one of the plugin's displays is on.
     *
     * @param string $module
     * @param array $displays number by word
     * @param array $settings
     * @param checking $checking
     */
    protected static function displayed(string $module, array $displays, array $settings, checking $checking): void {
        $wanted = $settings['display'];
        $on = explode(',', (string) get_config($module, 'displayoptions'));
        if (is_string($wanted) && $wanted !== '' && !in_array((string) $displays[$wanted], $on, true)) {
            $words = array_keys(array_intersect($displays, array_map('intval', $on)));
            $checking->fault('settings.display', 'paramchoice', ['value' => $wanted, 'choices' => implode(', ', $words)]);
        }
    }

    /**
     * The site's own default of a setting.
     *
     * @param string $plugin
     * @param string $name
     * @param int|string $otherwise where the site has none
     * @return int|string
     */
    protected static function site(string $plugin, string $name, $otherwise) {
        $value = get_config($plugin, $name);
        return $value === false || $value === '' ? $otherwise : $value;
    }
}
