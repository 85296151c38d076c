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
 * Settings: what the site's administrator lets the bridge do.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

use local_otbridge\losses;
use local_otbridge\assigning;
use local_otbridge\accounts;
use local_otbridge\policy;
use local_otbridge\roles;
use local_otbridge\steps;

defined('MOODLE_INTERNAL') || die();

if ($hassiteconfig) {
    $ADMIN->add('localplugins', new admin_category('local_otbridge_category', new lang_string('pluginname', 'local_otbridge')));
    $ADMIN->add('local_otbridge_category', new admin_externalpage(
        'local_otbridge_operations',
        new lang_string('operations', 'local_otbridge'),
        new moodle_url('/local/otbridge/operations.php')
    ));
    $ADMIN->add('local_otbridge_category', new admin_externalpage(
        'local_otbridge_rules',
        new lang_string('rules', 'local_otbridge'),
        new moodle_url('/local/otbridge/rules.php')
    ));
    $settings = new admin_settingpage('local_otbridge', new lang_string('policy', 'local_otbridge'));
    $ADMIN->add('local_otbridge_category', $settings);
    if ($ADMIN->fulltree) {
        $stepnames = [];
        foreach (steps::names() as $name) {
            $stepnames[str_replace('.', '_', $name)] = $name;
        }
        $settings->add(new admin_setting_configmulticheckbox(
            'local_otbridge/stepsoff',
            new lang_string('stepsoff', 'local_otbridge'),
            new lang_string('stepsoff_desc', 'local_otbridge'),
            [],
            $stepnames
        ));
        $risks = [];
        foreach (array_keys(policy::RISKS) as $name) {
            $risks[$name] = new lang_string('risk' . $name, 'admin');
        }
        $settings->add(new admin_setting_configmulticheckbox(
            'local_otbridge/risks',
            new lang_string('risks', 'local_otbridge'),
            new lang_string('risks_desc', 'local_otbridge'),
            array_fill_keys(explode(',', policy::DEFAULT_RISKS), 1),
            $risks
        ));
        $contexts = [];
        foreach (get_role_archetypes() as $archetype) {
            foreach (array_keys(roles::LEVELS) as $level) {
                if (policy::is_broader($archetype, $level)) {
                    $contexts["$archetype:$level"] = "$archetype – $level";
                }
            }
        }
        $settings->add(new admin_setting_configmultiselect(
            'local_otbridge/contexts',
            new lang_string('contexts', 'local_otbridge'),
            new lang_string('contexts_desc', 'local_otbridge'),
            [],
            $contexts
        ));
        $assignable = [];
        foreach (array_merge(array_values(get_role_archetypes()), [assigning::NONE]) as $archetype) {
            foreach (assigning::LEVELS as $level) {
                $assignable["$archetype:$level"] = "$archetype – $level";
            }
        }
        $settings->add(new admin_setting_configmultiselect(
            'local_otbridge/assignable',
            new lang_string('assignable', 'local_otbridge'),
            new lang_string('assignable_desc', 'local_otbridge'),
            policy::DEFAULT_ASSIGNABLE,
            $assignable
        ));
        $auths = [];
        foreach (array_diff(get_enabled_auth_plugins(), accounts::NEVER) as $auth) {
            $auths[$auth] = get_string('pluginname', "auth_$auth");
        }
        $settings->add(new admin_setting_configmultiselect(
            'local_otbridge/auths',
            new lang_string('auths', 'local_otbridge'),
            new lang_string('auths_desc', 'local_otbridge'),
            ['manual'],
            $auths
        ));
        $settings->add(new admin_setting_configmultiselect(
            'local_otbridge/categories',
            new lang_string('categories', 'local_otbridge'),
            new lang_string('categories_desc', 'local_otbridge'),
            [],
            core_course_category::make_categories_list()
        ));
        $losses = [];
        foreach (losses::KINDS as $kind) {
            $losses[$kind] = new lang_string('kindof' . $kind, 'local_otbridge');
        }
        $settings->add(new admin_setting_configmulticheckbox(
            'local_otbridge/lossesstop',
            new lang_string('lossesstop', 'local_otbridge'),
            new lang_string('lossesstop_desc', 'local_otbridge'),
            array_fill_keys(losses::STOP, 1),
            $losses
        ));
        $settings->add(new admin_setting_configtext(
            'local_otbridge/unpackratio',
            new lang_string('unpackratio', 'local_otbridge'),
            new lang_string('unpackratio_desc', 'local_otbridge'),
            policy::UNPACK_RATIO,
            PARAM_INT
        ));
        $settings->add(new admin_setting_configdirectory(
            'local_otbridge/extractionspool',
            new lang_string('extractionspool', 'local_otbridge'),
            new lang_string('extractionspool_desc', 'local_otbridge'),
            ''
        ));
        $settings->add(new admin_setting_configtext(
            'local_otbridge/retention',
            new lang_string('retention', 'local_otbridge'),
            new lang_string('retention_desc', 'local_otbridge'),
            0,
            PARAM_INT
        ));
    }
    $settings = null;
}
