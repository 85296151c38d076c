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
 * English strings of the plugin.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

$string['aliasnotrestored'] = 'Could not restore a link to a file: {$a}';
$string['backupinvalid'] = 'The file is no course backup that can be restored: {$a}';
$string['backupnotfound'] = 'The backup is not there, or not there any more';
$string['badarchive'] = 'It is no archive that can be read, or it is cut off';
$string['badxml'] = 'Its description is damaged';
$string['cachedef_backupheaders'] = 'What backup files say of themselves';
$string['filesmissing'] = 'The backup does not hold all files of the course, and this site does not have them any more';
$string['idnumberleftout'] = 'The ID number “{$a}” was left out: another course has it, or the backup comes from another site';
$string['interrupted'] = 'The restore died {$a} times before it was done; what it left was removed';
$string['nodescription'] = 'It does not hold moodle_backup.xml';
$string['notcourse'] = 'It is not the backup of a whole course in Moodle\'s format';
$string['nousersinbackup'] = 'The users and their data did not come back: they are not in the backup';
$string['opkeyreused'] = 'The operation key {$a} was used with other parameters';
$string['otbridge:managerole'] = 'Manage roles for the norm-hours bridge';
$string['otbridge:restore'] = 'Restore courses for the norm-hours bridge';
$string['otbridge:view'] = 'View operations of the norm-hours bridge';
$string['pluginname'] = 'Norm-hours bridge';
$string['precheckfailed'] = 'Moodle\'s checks before restoring found errors: {$a}';
$string['privacy:metadata:operation'] = 'Operations that the norm-hours bridge ordered, each under a key that is used once';
$string['privacy:metadata:operation:action'] = 'What was ordered';
$string['privacy:metadata:operation:error'] = 'Why it failed; may name users whose accounts stand in the way of a restore';
$string['privacy:metadata:operation:opkey'] = 'The key of the operation';
$string['privacy:metadata:operation:params'] = 'The parameters of the order';
$string['privacy:metadata:operation:result'] = 'What was made';
$string['privacy:metadata:operation:status'] = 'What became of the operation';
$string['privacy:metadata:operation:timecreated'] = 'When it was ordered';
$string['privacy:metadata:operation:timefinished'] = 'When it ended';
$string['privacy:metadata:operation:userid'] = 'The user whose token was used';
$string['roleassigned'] = 'The role {$a} is assigned to somebody, or the site\'s settings use it';
$string['rolenotours'] = 'The role {$a} was not created by this plugin';
$string['shortnametaken'] = 'The short name “{$a}” is already used';
$string['sizelimit'] = 'The limit on the size of this installation has been reached';
$string['taskrescue'] = 'Take up restores whose process died';
$string['taskrestorecourse'] = 'Restore a course for the norm-hours bridge';
$string['toolarge'] = 'Its description is too large';
$string['unknownarchetype'] = 'There is no archetype {$a}';
$string['unknowncapability'] = 'Unknown capabilities: {$a}';
$string['unknowncontextlevel'] = 'Unknown context levels: {$a}';
$string['unknownrole'] = 'There are no roles with these short names: {$a}';
$string['usersmatchedbyname'] = 'Accounts of the backup were matched by user name and e-mail address, because some had been made anew since';
