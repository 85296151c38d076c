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
 * English texts.
 *
 * @package    local_otbridge
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

$string['backupinvalid'] = 'The file is no course backup: {$a}';
$string['backupnotfound'] = 'The backup is not there, or not there any more.';
$string['cachedef_backupheaders'] = 'What is written inside backup files';
$string['interrupted'] = 'The restore was interrupted twice; what it had made was removed.';
$string['missingcapability'] = 'The capability {$a} is missing.';
$string['opkeyreused'] = 'The operation key {$a} was used with other parameters.';
$string['otbridge:managerole'] = 'Create roles, and delete those that the bridge created';
$string['otbridge:restore'] = 'Find backups of courses and restore them';
$string['otbridge:view'] = 'See the state of the site and of the bridge\'s operations';
$string['pluginname'] = 'Norm-hours bridge';
$string['precheckfailed'] = 'The backup cannot be restored here: {$a}';
$string['privacy:metadata:operation'] = 'Writes that were ordered over web services, each under a key that is used once.';
$string['privacy:metadata:operation:action'] = 'What was ordered.';
$string['privacy:metadata:operation:params'] = 'The parameters of the order.';
$string['privacy:metadata:operation:result'] = 'What came of it.';
$string['privacy:metadata:operation:timecreated'] = 'When it was ordered.';
$string['privacy:metadata:operation:userid'] = 'The user whose token ordered it.';
$string['privacy:path'] = 'Operations of the norm-hours bridge';
$string['restorefailed'] = 'The restore failed: {$a}';
$string['roleassigned'] = 'The role "{$a}" is assigned to somebody.';
$string['rolenotours'] = 'The role {$a} was not created by the bridge, or is gone already.';
$string['shortnametaken'] = 'The short name "{$a}" is taken.';
$string['taskrestorecourse'] = 'Restore a course for the norm-hours bridge';
$string['taskresumerestores'] = 'Resume interrupted restores for the norm-hours bridge';
$string['unknownarchetype'] = 'There is no archetype "{$a}".';
$string['unknowncapability'] = 'Unknown capabilities: {$a}.';
$string['unknowncategory'] = 'There is no course category with the id {$a}.';
$string['unknowncontextlevel'] = 'Unknown context levels: {$a}.';
$string['unknownrole'] = 'Unknown roles: {$a}.';
$string['userrestoreforced'] = 'Users were matched as if the backup came from another site: its users are not the same as those here.';
$string['usersleftout'] = 'There are no users in the backup.';
