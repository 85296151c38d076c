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
 * What of a backup a site cannot take.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use context;
use core_component;

/**
 * Compares a backup's own lists with what the site has, before anything is made. Core leaves all of this out
 * without a word.
 */
class losses {
    /** @var string[] kinds of losses, by which the site's policy names them */
    const KINDS = ['activities', 'enrolments', 'roles', 'questions', 'blocks', 'customfields', 'format'];
    /** @var string[] those that stop a restore unless the order accepts them */
    const STOP = ['activities', 'enrolments'];
    /** @var int losses that are told */
    const MOST = 30;

    /**
     * Look for losses.
     *
     * @param array $header what the backup says of itself
     * @param context $context where the course will be
     * @param bool $users whether people's data are to come back
     * @return array of [kind, string id, facts]
     */
    public static function of(array $header, context $context, bool $users): array {
        $lists = $header['lists'];
        $found = [];
        foreach (self::missing($lists['activities'] ?? [], 'mod', 'modules') as $name => $count) {
            $found[] = ['activities', 'lossactivities', ['name' => $name, 'count' => $count]];
        }
        $format = array_key_first($lists['format'] ?? []);
        if ($format !== null && core_component::get_plugin_directory('format', $format) === null) {
            $found[] = ['format', 'lossformat', ['name' => $format]];
        }
        foreach (self::missing($lists['qtypes'] ?? [], 'qtype') as $name => $count) {
            $found[] = ['questions', 'lossquestions', ['name' => $name, 'count' => $count]];
        }
        foreach (self::missing($lists['blocks'] ?? [], 'block', 'block') as $name => $count) {
            $found[] = ['blocks', 'lossblocks', ['name' => $name, 'count' => $count]];
        }
        return array_merge($found, self::fields($lists['customfields'] ?? [], $context), self::methods($lists, $header['samesite']),
            $users ? self::roles($lists['roles'] ?? [], $context) : []);
    }

    /**
     * In words; a very long list is cut.
     *
     * @param array $losses
     * @return string[]
     */
    public static function words(array $losses): array {
        $words = array_map(static function (array $loss): string {
            return language::say($loss[1], (object) $loss[2]);
        }, array_slice($losses, 0, self::MOST));
        if (count($losses) > self::MOST) {
            $words[] = language::say('andmore', count($losses) - self::MOST);
        }
        return $words;
    }

    /**
     * Losses that the site does not allow unasked.
     *
     * @param array $losses
     * @return array
     */
    public static function stopping(array $losses): array {
        return array_values(array_filter($losses, static function (array $loss): bool {
            return in_array($loss[0], policy::losses_that_stop(), true);
        }));
    }

    /**
     * Plugins that are not there.
     *
     * @param array $names name => count
     * @param string $type of plugin
     * @param string $table that lists the installed ones, too
     * @return array name => count
     */
    private static function missing(array $names, string $type, string $table = ''): array {
        global $DB;

        return array_filter($names, static function ($name) use ($type, $table, $DB): bool {
            return core_component::get_plugin_directory($type, $name) === null
                || ($table !== '' && !$DB->record_exists($table, ['name' => $name]));
        }, ARRAY_FILTER_USE_KEY);
    }

    /**
     * Custom fields of the course that are not there, or that the user may not change.
     *
     * @param array $names
     * @param context $context
     * @return array
     */
    private static function fields(array $names, context $context): array {
        $found = [];
        $known = [];
        foreach (\core_course\customfield\course_handler::create()->get_fields() as $field) {
            $known[$field->get('shortname')] = (bool) $field->get_configdata_property('locked');
        }
        foreach (array_keys($names) as $name) {
            if (!isset($known[$name])) {
                $found[] = ['customfields', 'losscustomfield', ['name' => $name]];
            } else if ($known[$name] && !has_capability('moodle/course:changelockedcustomfields', $context)) {
                $found[] = ['customfields', 'losslockedfield', ['name' => $name]];
            }
        }
        return $found;
    }

    /**
     * Enrolment methods that are not there, switched off, or made without restoring, and cohorts that are
     * gone.
     *
     * @param array $lists
     * @param bool $samesite
     * @return array
     */
    private static function methods(array $lists, bool $samesite): array {
        global $DB;

        $found = [];
        foreach ($lists['methods'] ?? [] as $name => $people) {
            $plugin = core_component::get_plugin_directory('enrol', $name) === null ? null : enrol_get_plugin($name);
            $facts = ['name' => $plugin ? get_string('pluginname', 'enrol_' . $name) : $name, 'people' => $people];
            if ($plugin === null) {
                $found[] = ['enrolments', 'lossmethod', $facts];
            } else if (!enrol_is_enabled($name)) {
                $found[] = ['enrolments', 'lossmethodoff', $facts];
            } else if ((new \ReflectionMethod($plugin, 'restore_instance'))->class === 'enrol_plugin') {
                $found[] = ['enrolments', 'lossmethodrestore', $facts];
            }
        }
        foreach ($lists['cohorts'] ?? [] as $id => $people) {
            if (enrol_is_enabled('cohort') && (!$samesite || !$DB->record_exists('cohort', ['id' => $id]))) {
                $found[] = ['enrolments', 'losscohort', ['id' => $id, 'people' => $people]];
            }
        }
        return $found;
    }

    /**
     * Roles that the user may not assign: core drops their assignments, or gives another role of the same
     * archetype.
     *
     * @param array $names
     * @param context $context
     * @return array
     */
    private static function roles(array $names, context $context): array {
        global $DB;

        $found = [];
        $assignable = self::assignable($context);
        $archetypes = $DB->get_records_menu('role', null, '', 'shortname, archetype');
        foreach (array_keys($names) as $name) {
            if (!in_array($name, $assignable, true)) {
                $found[] = ['roles', isset($archetypes[$name]) ? 'lossrole' : 'lossrolegone', ['name' => $name]];
            }
        }
        return $found;
    }

    /**
     * Short names of roles that the user may assign in a course.
     *
     * @param context $context of a category, as there is no course yet
     * @return string[]
     */
    private static function assignable(context $context): array {
        global $DB, $USER;

        if (is_siteadmin()) {
            $allowed = $DB->get_fieldset_select('role', 'id', '1 = 1');
        } else if (!has_capability('moodle/role:assign', $context)) {
            return [];
        } else {
            $own = array_column(get_user_roles($context, $USER->id, true), 'roleid');
            [$in, $params] = $DB->get_in_or_equal($own ?: [0]);
            $allowed = $DB->get_fieldset_select('role_allow_assign', 'allowassign', "roleid $in", $params);
        }
        [$in, $params] = $DB->get_in_or_equal($allowed ?: [0]);
        return $DB->get_fieldset_sql(
            "SELECT r.shortname FROM {role} r JOIN {role_context_levels} l ON l.roleid = r.id AND l.contextlevel = " . CONTEXT_COURSE
            . " WHERE r.id $in",
            $params
        );
    }
}
