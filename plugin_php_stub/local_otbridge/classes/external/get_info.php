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
 * Web service function local_otbridge_get_info.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\external;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/../../externalcompat.php');


use context_system;
use core_external\external_function_parameters;
use core_external\external_multiple_structure;
use core_external\external_single_structure;
use core_external\external_value;
use core_plugin_manager;
use local_otbridge\backup_files;
use local_otbridge\json;
use local_otbridge\policy;
use local_otbridge\program;
use local_otbridge\step;
use local_otbridge\steps;

/**
 * Tells what the bridge must know about this site: versions, cron, where backups are, and what its user may do.
 */
class get_info extends api {
    /** @var string[] what the functions ask for: the plugin's, and core's that finds people by their logins */
    const FUNCTIONS = [
        'local/otbridge:view', 'local/otbridge:run', 'local/otbridge:restore', 'moodle/restore:restorecourse',
        'moodle/user:viewdetails', 'moodle/user:viewalldetails',
    ];

    /** @var string[] what core asks for while it restores: without one of these something is left out, or the check before fails */
    const FAITHFUL = [
        'moodle/restore:configure', 'moodle/restore:createuser', 'moodle/restore:rolldates', 'moodle/course:update',
        'moodle/course:changefullname', 'moodle/course:changeshortname', 'moodle/course:changeidnumber',
        'moodle/course:changesummary', 'moodle/course:enrolconfig', 'moodle/course:managescales',
        'moodle/course:setforcedlanguage', 'moodle/course:changelockedcustomfields', 'moodle/grade:manageoutcomes', 'moodle/question:add',
        'moodle/question:managecategory', 'moodle/role:assign', 'moodle/role:override', 'mod/glossary:manageentries',
    ];

    /**
     * Parameters.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters() {
        return new external_function_parameters([]);
    }

    /**
     * Capabilities that the bridge's user needs here: for the functions, for the steps that this site can run, for restoring.
     *
     * @return string[]
     */
    public static function needed(): array {
        $needed = self::FUNCTIONS;
        foreach (steps::all() as $step) {
            $needed = array_merge($needed, $step->unavailable() === '' ? $step->needs() : []);
        }
        return array_values(array_unique(array_merge($needed, self::FAITHFUL)));
    }

    /**
     * Look around.
     *
     * @return array
     */
    public static function execute() {
        global $CFG, $DB;

        self::demand(['local/otbridge:view']);
        $plugin = core_plugin_manager::instance()->get_plugin_info('local_otbridge');
        $system = context_system::instance();
        $capabilities = [];
        foreach (self::needed() as $name) {
            $capabilities[] = ['name' => $name, 'granted' => has_capability($name, $system)];
        }
        return [
            'release' => $CFG->release,
            'version' => (string) $CFG->version,
            'pluginversion' => (int) $plugin->versiondisk,
            'pluginrelease' => (string) $plugin->release,
            'phpversion' => PHP_VERSION,
            'time' => time(),
            'lastcron' => (int) get_config('tool_task', 'lastcronstart'),
            'adhocqueued' => $DB->count_records('task_adhoc', ['component' => 'local_otbridge']),
            'recyclebin' => class_exists('tool_recyclebin\category_bin') && \tool_recyclebin\category_bin::is_enabled(),
            'backupfolder' => backup_files::folder() !== null && (int) get_config('backup', 'backup_auto_storage') !== 0,
            'capabilities' => $capabilities,
            'steps' => array_values(array_map([self::class, 'tell_step'], steps::all())),
            'policy' => json::encode((object) policy::tell()),
            'limits' => json::encode([
                'program' => program::MAX_BYTES, 'steps' => program::MAX_STEPS, 'lightsteps' => program::LIGHT_STEPS,
                'files' => program::MAX_FILES, 'upload' => (int) get_user_max_upload_file_size($system, $CFG->maxbytes),
            ]),
        ];
    }

    /**
     * Result.
     *
     * @return external_single_structure
     */
    public static function execute_returns() {
        return new external_single_structure([
            'release' => new external_value(PARAM_TEXT, 'Moodle release'),
            'version' => new external_value(PARAM_TEXT, 'Moodle version'),
            'pluginversion' => new external_value(PARAM_INT, 'Version of the plugin'),
            'pluginrelease' => new external_value(PARAM_TEXT, 'Release of the plugin'),
            'phpversion' => new external_value(PARAM_TEXT, 'PHP version'),
            'time' => new external_value(PARAM_INT, 'Unix seconds'),
            'lastcron' => new external_value(PARAM_INT, 'When cron started last, Unix seconds, 0 = never'),
            'adhocqueued' => new external_value(PARAM_INT, 'Number of waiting tasks of this plugin'),
            'recyclebin' => new external_value(PARAM_BOOL, 'Whether deleted courses go to the recycle bin'),
            'backupfolder' => new external_value(PARAM_BOOL, 'Whether automated backups go to a readable folder'),
            'capabilities' => new external_multiple_structure(new external_single_structure([
                'name' => new external_value(PARAM_RAW, 'Name of the capability'),
                'granted' => new external_value(PARAM_BOOL, 'Whether the user has it in the system context'),
            ])),
            'steps' => new external_multiple_structure(new external_single_structure([
                'name' => new external_value(PARAM_RAW, 'Step kind'),
                'available' => new external_value(PARAM_BOOL, 'Whether this site can run it'),
                'reason' => new external_value(PARAM_RAW, 'Why not'),
                'heavy' => new external_value(PARAM_BOOL, 'Whether a task runs it'),
                'needs' => new external_value(PARAM_RAW, 'JSON list of capabilities'),
            ])),
            'policy' => new external_value(PARAM_RAW, 'JSON: what the plugin\'s settings allow'),
            'limits' => new external_value(PARAM_RAW, 'JSON: how large a program may be'),
        ]);
    }

    /**
     * A step kind as it is told.
     *
     * @param step $step
     * @return array
     */
    private static function tell_step(step $step): array {
        $off = policy::is_off($step::name());
        $reason = $off ? get_string('stepoff', 'local_otbridge', (object) ['step' => $step::name()]) : $step->unavailable();
        return [
            'name' => $step::name(), 'available' => $reason === '', 'reason' => $reason, 'heavy' => $step->heavy(),
            'needs' => json::encode($step->needs()),
        ];
    }
}
