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
 * Web service functions, and the ready-made service that holds all that the bridge uses.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

$functions = [
    'local_otbridge_get_info' => [
        'classname' => 'local_otbridge\external\get_info',
        'methodname' => 'execute',
        'description' => 'What the bridge must know about this site.',
        'type' => 'read',
        'capabilities' => 'local/otbridge:view',
    ],
    'local_otbridge_find_backups' => [
        'classname' => 'local_otbridge\external\find_backups',
        'methodname' => 'execute',
        'description' => 'Find backups of a course, also of one that no longer exists.',
        'type' => 'read',
        'capabilities' => 'local/otbridge:restore, moodle/restore:restorecourse',
    ],
    'local_otbridge_check' => [
        'classname' => 'local_otbridge\external\check',
        'methodname' => 'execute',
        'description' => 'Tell everything that would make a program fail.',
        'type' => 'read',
        'capabilities' => 'local/otbridge:run',
    ],
    'local_otbridge_run' => [
        'classname' => 'local_otbridge\external\run',
        'methodname' => 'execute',
        'description' => 'Run a program, once.',
        'type' => 'write',
        'capabilities' => 'local/otbridge:run',
    ],
    'local_otbridge_undo' => [
        'classname' => 'local_otbridge\external\undo',
        'methodname' => 'execute',
        'description' => 'Take back what an operation did, once.',
        'type' => 'write',
        'capabilities' => 'local/otbridge:run',
    ],
    'local_otbridge_get_operation' => [
        'classname' => 'local_otbridge\external\get_operation',
        'methodname' => 'execute',
        'description' => 'State of an operation.',
        'type' => 'read',
        'capabilities' => 'local/otbridge:view',
    ],
];

$services = [
    'Norm-hours bridge' => [
        'shortname' => 'otbridge',
        'functions' => [
            'core_cohort_search_cohorts',
            'core_course_delete_courses',
            'core_course_get_categories',
            'core_course_get_contents',
            'core_course_get_courses_by_field',
            'core_files_upload',
            'core_group_get_course_groups',
            'core_user_get_users_by_field',
            'core_webservice_get_site_info',
            'local_otbridge_check',
            'local_otbridge_find_backups',
            'local_otbridge_get_info',
            'local_otbridge_get_operation',
            'local_otbridge_run',
            'local_otbridge_undo',
        ],
        'requiredcapability' => '',
        'enabled' => 1,
        'restrictedusers' => 1,
        'downloadfiles' => 1,
        'uploadfiles' => 1,
    ],
];
