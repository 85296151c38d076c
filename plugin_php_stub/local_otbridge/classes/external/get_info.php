<?php
// This file is part of Moodle - https://moodle.org/
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
// along with Moodle.  If not, see <https://www.gnu.org/licenses/>.

/**
 * Web service function: what the bridge must know about this site.
 *
 * @package    local_otbridge
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\external;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/../../compat.php');

use local_otbridge\backup_store;
use local_otbridge\local\external_function_parameters;
use local_otbridge\local\external_multiple_structure;
use local_otbridge\local\external_single_structure;
use local_otbridge\local\external_value;

/**
 * local_otbridge_get_info.
 */
final class get_info extends base {
    /** @var string[] capabilities that some function needs. */
    public const REQUIRED = [
        'local/otbridge:view',
        'local/otbridge:restore',
        'local/otbridge:managerole',
        'moodle/restore:restorecourse',
        'moodle/restore:userinfo',
        'moodle/course:create',
        'moodle/role:manage',
    ];

    /** @var string[] capabilities without which Moodle leaves parts of a backup out, or refuses to set names and users. */
    public const COMPLETE_RESTORE = [
        'moodle/restore:configure',
        'moodle/restore:createuser',
        'moodle/restore:rolldates',
        'moodle/course:changefullname',
        'moodle/course:changeshortname',
        'moodle/course:changeidnumber',
        'moodle/course:enrolconfig',
        'moodle/course:managescales',
        'moodle/course:setforcedlanguage',
        'moodle/grade:manageoutcomes',
        'moodle/question:add',
        'moodle/question:managecategory',
        'moodle/role:assign',
        'moodle/role:override',
    ];

    /**
     * Parameters.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([]);
    }

    /**
     * Versions, cron, where backups are, and the capabilities of the token's user.
     *
     * @return array
     */
    public static function execute(): array {
        global $CFG, $DB;

        $context = \context_system::instance();
        self::validate_context($context);
        self::require_all($context, 'local/otbridge:view');

        $plugin = new \stdClass();
        require(__DIR__ . '/../../version.php');
        $capabilities = [];
        foreach (array_merge(self::REQUIRED, self::COMPLETE_RESTORE) as $name) {
            $capabilities[] = ['name' => $name, 'granted' => has_capability($name, $context)];
        }
        return [
            'release' => $CFG->release,
            'version' => (string) $CFG->version,
            'pluginversion' => (int) get_config('local_otbridge', 'version'),
            'pluginrelease' => $plugin->release,
            'phpversion' => PHP_VERSION,
            'time' => time(),
            'lastcron' => (int) get_config('tool_task', 'lastcronstart'),
            'adhocqueued' => $DB->count_records('task_adhoc', ['component' => 'local_otbridge']),
            'recyclebin' => (bool) get_config('tool_recyclebin', 'categorybinenable'),
            'backupfolder' => backup_store::folder() !== '' && (int) get_config('backup', 'backup_auto_storage') > 0,
            'capabilities' => $capabilities,
        ];
    }

    /**
     * Result.
     *
     * @return external_single_structure
     */
    public static function execute_returns(): external_single_structure {
        return new external_single_structure([
            'release' => new external_value(PARAM_RAW, 'Moodle\'s release'),
            'version' => new external_value(PARAM_RAW, 'Moodle\'s version'),
            'pluginversion' => new external_value(PARAM_INT, 'Version of this plugin'),
            'pluginrelease' => new external_value(PARAM_RAW, 'Release of this plugin'),
            'phpversion' => new external_value(PARAM_RAW, 'PHP\'s version'),
            'time' => new external_value(PARAM_INT, 'Unix seconds'),
            'lastcron' => new external_value(PARAM_INT, 'When cron last started, Unix seconds, 0 = never'),
            'adhocqueued' => new external_value(PARAM_INT, 'Tasks of this plugin that wait or run'),
            'recyclebin' => new external_value(PARAM_BOOL, 'Deleted courses go into the category\'s recycle bin'),
            'backupfolder' => new external_value(PARAM_BOOL, 'Automated backups go to a readable folder'),
            'capabilities' => new external_multiple_structure(new external_single_structure([
                'name' => new external_value(PARAM_RAW, 'Capability'),
                'granted' => new external_value(PARAM_BOOL, 'The token\'s user has it in the system context'),
            ])),
        ]);
    }
}
