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
    'local_otbridge_restore_course' => [
        'classname' => 'local_otbridge\external\restore_course',
        'methodname' => 'execute',
        'description' => 'Restore a course from a backup into a new course.',
        'type' => 'write',
        'capabilities' => 'local/otbridge:restore, moodle/restore:restorecourse, moodle/course:create, moodle/restore:userinfo',
    ],
    'local_otbridge_create_role' => [
        'classname' => 'local_otbridge\external\create_role',
        'methodname' => 'execute',
        'description' => 'Create a role.',
        'type' => 'write',
        'capabilities' => 'local/otbridge:managerole, moodle/role:manage',
    ],
    'local_otbridge_delete_role' => [
        'classname' => 'local_otbridge\external\delete_role',
        'methodname' => 'execute',
        'description' => 'Delete a role that create_role made and nobody holds.',
        'type' => 'write',
        'capabilities' => 'local/otbridge:managerole, moodle/role:manage',
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
            'core_webservice_get_site_info',
            'core_course_get_categories',
            'core_course_get_courses_by_field',
            'core_course_get_contents',
            'core_course_delete_courses',
            'core_files_upload',
            'local_otbridge_get_info',
            'local_otbridge_find_backups',
            'local_otbridge_restore_course',
            'local_otbridge_create_role',
            'local_otbridge_delete_role',
            'local_otbridge_get_operation',
        ],
        'requiredcapability' => '',
        'enabled' => 1,
        'restrictedusers' => 1,
        'downloadfiles' => 1,
        'uploadfiles' => 1,
    ],
];
