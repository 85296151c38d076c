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
 * Upgrade steps of the plugin.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

/**
 * Upgrade the plugin. Nothing was released before the programs, so what an older table holds is dropped.
 *
 * @param int $oldversion the version that is installed
 * @return bool
 */
function xmldb_local_otbridge_upgrade($oldversion) {
    global $DB;

    if ($oldversion < 2026112710) {
        $manager = $DB->get_manager();
        $manager->drop_table(new xmldb_table('local_otbridge_operation'));
        foreach (['local_otbridge_operation', 'local_otbridge_step'] as $name) {
            $manager->install_one_table_from_xmldb_file(__DIR__ . '/install.xml', $name);
        }
        $DB->delete_records_select('task_adhoc', "component = 'local_otbridge'");
        upgrade_plugin_savepoint(true, 2026112710, 'local', 'otbridge');
    }
    if ($oldversion < 2026112901) {
        foreach (['local_otbridge_backup', 'local_otbridge_origin'] as $name) {
            if (!$DB->get_manager()->table_exists($name)) {
                $DB->get_manager()->install_one_table_from_xmldb_file(__DIR__ . '/install.xml', $name);
            }
        }
        upgrade_plugin_savepoint(true, 2026112901, 'local', 'otbridge');
    }
    if ($oldversion < 2026112902) {
        foreach (['local_otbridge_rule', 'local_otbridge_ruled'] as $name) {
            if (!$DB->get_manager()->table_exists($name)) {
                $DB->get_manager()->install_one_table_from_xmldb_file(__DIR__ . '/install.xml', $name);
            }
        }
        upgrade_plugin_savepoint(true, 2026112902, 'local', 'otbridge');
    }
    return true;
}
