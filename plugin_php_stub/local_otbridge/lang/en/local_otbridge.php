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
$string['alreadyingrouping'] = 'The group {$a->group} is in the grouping {$a->grouping} already';
$string['alreadymember'] = 'The user {$a->user} is in the group {$a->group} already';
$string['alreadyrestricted'] = '“{$a->element}” is restricted already; say whether to replace that or to keep it';
$string['alreadyundone'] = 'The operation {$a->opkey} was taken back already, by {$a->by}';
$string['availabilityoff'] = 'Restrictions of access are switched off on this site';
$string['backupinvalid'] = 'The file is no course backup that can be restored: {$a->reason}';
$string['backupnotfound'] = 'The backup is not there, or not there any more';
$string['badarchive'] = 'It is no archive that can be read, or it is cut off';
$string['badxml'] = 'Its description is damaged';
$string['cachedef_backupheaders'] = 'What backup files say of themselves';
$string['capabilitytwice'] = 'The capability {$a->name} is named twice';
$string['categories'] = 'Categories in which the bridge may work';
$string['categories_desc'] = 'With all that lies below them. None chosen: in all. Roles lie in no category.';
$string['categorynametaken'] = 'There is a category “{$a->name}” in that place already';
$string['categorynotallowed'] = 'The settings of the plugin do not let the bridge work in the category of {$a->id}';
$string['categorynotempty'] = 'There is something in the category “{$a->name}”';
$string['categorynotfound'] = 'There is no category {$a->id}';
$string['changedsince'] = '{$a->step} cannot be taken back: {$a->what} was changed since ({$a->whentext}, {$a->who})';
$string['cmnotfound'] = 'There is no activity with the course module id {$a->id}';
$string['column_error'] = 'Error';
$string['column_kind'] = 'Kind';
$string['column_label'] = 'Label';
$string['column_remark'] = 'Remark';
$string['column_result'] = 'Result';
$string['column_status'] = 'Status';
$string['column_step'] = 'Step';
$string['column_steps'] = 'Steps done';
$string['column_ticket'] = 'Ticket';
$string['column_timecreated'] = 'Ordered';
$string['column_timefinished'] = 'Ended';
$string['column_undo'] = 'Undoing';
$string['column_user'] = 'User';
$string['completionconditions'] = 'Automatic completion needs a condition, and only that has one';
$string['completionneeded'] = 'Something waits for the completion of “{$a->element}”';
$string['completionnograde'] = '“{$a->element}” is not graded';
$string['completionnone'] = 'Completion of “{$a->element}” is not tracked, so that nobody could ever fulfil the condition';
$string['completionnopassgrade'] = 'This version of Moodle cannot ask for a passing grade of “{$a->element}”';
$string['completionnosubmit'] = 'An element of the kind {$a->type} has no condition of that sort: “{$a->element}”';
$string['completionnoview'] = 'Looking at an element of the kind {$a->type} is not tracked: “{$a->element}”';
$string['completionoff'] = 'The course does not track completion';
$string['completionoffsite'] = 'Completion tracking is switched off on this site';
$string['completionstarted'] = '{$a->people} people have completed “{$a->element}” already; a change would make their marks worthless';
$string['completionungraded'] = '“{$a->element}” is completed without a grade, so that nobody passes or fails';
$string['concepttaken'] = 'The glossary has the concept “{$a->concept}” already';
$string['conditionempty'] = 'A condition of the kind {$a->type} lacks what it needs';
$string['conditionoff'] = 'Conditions of the kind {$a->type} are switched off on this site';
$string['contextnotallowed'] = 'The settings of the plugin do not let a role of the archetype {$a->archetype} be assignable at the level {$a->level}';
$string['contexts'] = 'Broader levels for archetypes';
$string['contexts_desc'] = 'A role with an archetype may be assignable at the levels that Moodle gives the archetype by default, and below them. Chosen here: at these levels, too.';
$string['coursenotfound'] = 'There is no course {$a->id}';
$string['criteriastarted'] = '{$a->people} people have completed the course already; other criteria would make that worthless';
$string['criteriathere'] = 'The course has criteria of completion already; say whether to replace or to keep them';
$string['draftaddress'] = 'The text names a file of a draft area, which will not last';
$string['elementambiguous'] = 'Several elements are called “{$a->element}”: {$a->ids}';
$string['elementnamed'] = 'An element is named in one way: by cm, idnumber or name';
$string['elementnotfound'] = 'There is no element “{$a->element}” in the course {$a->alike}';
$string['elementtwice'] = '“{$a->element}” is changed twice in one program';
$string['elementwithoutfile'] = 'There is no file in “{$a->element}”';
$string['eventoperationdone'] = 'Operation of the norm-hours bridge done';
$string['eventoperationfailed'] = 'Operation of the norm-hours bridge failed';
$string['existschanged'] = 'Is there already; to be changed: {$a->params}';
$string['existskept'] = 'Is there already and stays as it is';
$string['filechanged'] = 'The file “{$a->name}” came with another content than was announced';
$string['filemissing'] = 'The file “{$a->name}” did not come';
$string['filenametwice'] = 'Two of the files have the name “{$a->name}”';
$string['filenotlisted'] = 'The file {$a->sha256} is not in the program\'s list of files';
$string['filesinsection'] = 'There are several elements with a file in section {$a->element}: {$a->ids}';
$string['filesmissing'] = 'The backup does not hold all files of the course, and this site does not have them any more';
$string['filesnotcompared'] = 'The contents of {$a->count} files were not compared, because they are not uploaded yet';
$string['filetwice'] = 'The same file is listed twice';
$string['filetypeunknown'] = 'Moodle does not know these kinds of files: {$a->types}';
$string['formatnotfound'] = 'There is no course format “{$a->format}”; there are: {$a->choices}';
$string['formulaambiguous'] = 'Several grades have the ID number {$a->idnumber}';
$string['formulabad'] = 'The formula cannot be worked out: {$a->formula} ({$a->why})';
$string['formulaloop'] = 'The formula would need its own result: {$a->formula}';
$string['formulaunknown'] = 'No grade has the ID number {$a->idnumber}';
$string['frontpagecategories'] = 'The front page goes category by category: “{$a->first}” would stand before “{$a->second}”';
$string['gradecategorynotfound'] = 'There is no grade category {$a->id}';
$string['gradecategorytaken'] = 'There is a grade category “{$a->name}” already';
$string['gradeitemnotfound'] = 'There is no grade item {$a->id}';
$string['gradenotsum'] = 'This grade has no {$a->name} of its own';
$string['graderange'] = 'A grade cannot be at least {$a->min} % and less than {$a->max} %';
$string['gradesentered'] = 'People have grades in “{$a->name}”, which a formula would replace';
$string['groupingnametaken'] = 'The course has a grouping “{$a->name}” already';
$string['groupingnotfound'] = 'There is no grouping {$a->id}';
$string['groupnametaken'] = 'The course has a group “{$a->name}” already';
$string['groupnotfound'] = 'There is no group {$a->id}';
$string['idnumberleftout'] = 'The ID number “{$a}” was left out: another course has it, or the backup comes from another site';
$string['idnumbertaken'] = 'The ID number “{$a->idnumber}” is already used';
$string['interrupted'] = 'The process died {$a->attempts} times at the same step';
$string['kind_run'] = 'Program';
$string['kind_undo'] = 'Undoing';
$string['labelform'] = 'A label is a small Latin letter, followed by at most 39 small letters, digits and underscores; found: “{$a->label}”';
$string['labeltwice'] = 'The label “{$a->label}” is used twice';
$string['locktimeout'] = 'Somebody else is working on it: {$a->lock}';
$string['moduleoff'] = 'This site has no activities of the kind {$a->type}, or they are switched off';
$string['nodescription'] = 'It does not hold moodle_backup.xml';
$string['nofileinsection'] = 'There is no element with a file in section {$a->element}';
$string['nogradepass'] = '“{$a->element}” has no grade to pass';
$string['nopermissions'] = 'The user of the bridge lacks the capability {$a->capability} in: {$a->context}';
$string['nopictures'] = 'This site lets courses have no picture';
$string['noquestions'] = 'There are no questions in it';
$string['norightanswer'] = 'The page “{$a->title}” has no right answer';
$string['noscores'] = 'Scores are for questions in a lesson with custom scoring only';
$string['nosuchgroup'] = 'There is no group “{$a->name}” in the course, or there are several';
$string['nosuchgrouping'] = 'There is no grouping “{$a->name}” in the course, or there are several';
$string['nosuchprofilefield'] = 'Profiles have no field {$a->name}';
$string['notcourse'] = 'It is not the backup of a whole course in Moodle\'s format';
$string['notended'] = 'The operation {$a->opkey} has not ended yet, or is being taken back';
$string['notenrolled'] = 'The user {$a->user} is not enrolled in the course of the group {$a->group}';
$string['notimage'] = 'The file is not an image';
$string['nousersinbackup'] = 'The users and their data did not come back: they are not in the backup';
$string['operations'] = 'Operations of the bridge';
$string['opkeyreused'] = 'The operation key {$a->opkey} was used for something else';
$string['otbridge:managerole'] = 'Manage roles for the norm-hours bridge';
$string['otbridge:restore'] = 'Restore courses for the norm-hours bridge';
$string['otbridge:run'] = 'Run programs of the norm-hours bridge';
$string['otbridge:view'] = 'View operations of the norm-hours bridge';
$string['othercourse'] = 'The group {$a->id} belongs to another course';
$string['othersite'] = 'The backup was made on another site: {$a->site}';
$string['paramchoice'] = '“{$a->value}” is not one of: {$a->choices}';
$string['paramcontrol'] = 'The text holds control characters';
$string['paramcount'] = '{$a->count} of them; from {$a->min} to {$a->max} are allowed';
$string['paramlength'] = 'It has {$a->length} characters; from {$a->min} to {$a->max} are allowed';
$string['parammissing'] = 'The parameter {$a->name} is missing';
$string['parampattern'] = '“{$a->value}” does not have the form {$a->pattern}';
$string['paramrange'] = '{$a->value} does not lie between {$a->min} and {$a->max}';
$string['paramtype'] = 'It must be of the type {$a->type}';
$string['paramunknown'] = 'There is no parameter {$a->name} here';
$string['plaintext'] = 'Only plain text can stand here';
$string['pluginname'] = 'Norm-hours bridge';
$string['policy'] = 'What the bridge may do';
$string['precheckfailed'] = 'Moodle\'s checks before restoring found errors: {$a->reason}';
$string['privacy:metadata:files'] = 'Files that an order brought, until its operation has ended, and files that it replaced, as long as it can be taken back';
$string['privacy:metadata:operation'] = 'Operations that the norm-hours bridge ordered, each under a key that is used once';
$string['privacy:metadata:operation:error'] = 'Why it failed; may name users whose accounts stand in the way of a restore';
$string['privacy:metadata:operation:opkey'] = 'The key of the operation';
$string['privacy:metadata:operation:program'] = 'The steps that were ordered';
$string['privacy:metadata:operation:result'] = 'What was made';
$string['privacy:metadata:operation:status'] = 'What became of the operation';
$string['privacy:metadata:operation:ticket'] = 'The ticket that ordered it';
$string['privacy:metadata:operation:timecreated'] = 'When it was ordered';
$string['privacy:metadata:operation:timefinished'] = 'When it ended';
$string['privacy:metadata:operation:userid'] = 'The user whose token was used';
$string['privacy:metadata:step'] = 'What each step of an operation did';
$string['privacy:metadata:step:params'] = 'The parameters of the step; may name users';
$string['privacy:metadata:step:result'] = 'What the step made';
$string['programinvalid'] = 'The program cannot be read: {$a->reason}';
$string['questionanswer'] = 'Question {$a->number}, line {$a->line}: “{$a->value}” names none of the options; one Latin capital is needed after “ANSWER:”';
$string['questionanyright'] = 'Question {$a->number} (“{$a->name}”): any answer would be right';
$string['questionbraces'] = 'Question {$a->number} (“{$a->name}”): its answers would not be read as answers; look at the braces and the way they are marked';
$string['questioncategory'] = 'Line {$a->line}: a blank line is missing after the category, so that the next question would become its name';
$string['questioncomma'] = 'Question {$a->number}: write “{$a->value}” with a decimal point; Moodle would read it as another number';
$string['questioncount'] = '{$a->expected} questions were expected, {$a->found} found';
$string['questionempty'] = 'Question {$a->number} (“{$a->name}”) has no text';
$string['questionencoding'] = 'The questions are not in UTF-8';
$string['questionfile'] = 'Question {$a->number}: the file “{$a->name}” did not come with it';
$string['questioninuse'] = 'The question {$a->id} is used somewhere';
$string['questionjoined'] = 'Line {$a->line}: a blank line is missing before the question, so that it would become a part of the one above';
$string['questionletter'] = 'Line {$a->line}: the option begins with the Cyrillic letter “{$a->value}”; a Latin one is needed';
$string['questionlost'] = 'Question {$a->number} was not stored';
$string['questionmarkup'] = 'Question {$a->number}: HTML stands neither escaped nor in CDATA, and would get lost';
$string['questionnoright'] = 'Question {$a->number} (“{$a->name}”) has no right answer: none gives 100 %';
$string['questionnotfound'] = 'There is no question {$a->id}';
$string['questionnotusable'] = 'The question {$a->id} cannot be put into a quiz by itself';
$string['questionoptions'] = 'Question {$a->number} (“{$a->name}”) has fewer than two options';
$string['questionscript'] = 'Question {$a->number}: it holds a script, which would run in people\'s browsers; write &lt;script&gt; to show one';
$string['questionspartly'] = 'The category “{$a->category}” holds {$a->found} of these {$a->count} questions already: delete them, or name another category';
$string['questionsunreadable'] = 'Moodle cannot read the questions: {$a->message}';
$string['questiontruefalse'] = 'Question {$a->number}: “{$a->value}” is no word for true or false; write T or F in GIFT, true or false in XML';
$string['questiontwice'] = 'The question {$a->id} is in the quiz already';
$string['questiontype'] = 'Question {$a->number}: this site has no questions of the type {$a->type}';
$string['questionweight'] = 'Question {$a->number} (“{$a->name}”): the weight was not read and stands in the answer “{$a->value}”';
$string['quizattempted'] = 'The quiz “{$a->name}” has attempts, so that its questions stay as they are';
$string['referencefield'] = '“{$a->value}”: the step {$a->label} has no result {$a->field} that can be referred to';
$string['referenceform'] = '“{$a->value}” is no reference; a text that begins with $ is written with $$';
$string['referencelabel'] = '“{$a->value}”: no earlier step has the label {$a->label}';
$string['referencetype'] = '“{$a->value}” is of the type {$a->type}; {$a->wanted} is needed';
$string['reforfile'] = 'Exactly one of ref and file is needed';
$string['restrictionloop'] = '“{$a->element}” would wait for itself';
$string['retention'] = 'Days to keep what operations did';
$string['retention_desc'] = 'After so many days programs, steps and results are deleted; an operation can then not be taken back. Keys stay, so that nothing is done twice. 0: for ever.';
$string['risknotallowed'] = 'The settings of the plugin do not let a role carry {$a->name}; its risks: {$a->risks}';
$string['risks'] = 'Risks that roles may carry';
$string['risks_desc'] = 'Beyond its archetype\'s own capabilities a role that the bridge makes may carry capabilities with these risks only. Those of other plugins are judged by their risks, too.';
$string['roleassigned'] = 'The role {$a->shortname} is assigned to somebody, or the site\'s settings use it';
$string['rolenametaken'] = 'There is another role with the name “{$a->name}”';
$string['rolenotfound'] = 'There is no role {$a->id}';
$string['scalenametaken'] = 'There is a scale “{$a->name}” already';
$string['scalenotfound'] = 'There is no scale {$a->id}';
$string['scaleused'] = 'The scale “{$a->name}” is in use';
$string['sectionnotfound'] = 'The course has no section {$a->section}';
$string['shortnametaken'] = 'The short name “{$a->shortname}” is already used';
$string['sizelimit'] = 'The limit on the size of this installation has been reached';
$string['status_begun'] = 'begun';
$string['status_done'] = 'done';
$string['status_failed'] = 'failed';
$string['status_left'] = 'left as it is';
$string['status_queued'] = 'queued';
$string['status_running'] = 'running';
$string['status_undoing'] = 'being taken back';
$string['status_undone'] = 'taken back';
$string['stepfailed'] = 'Moodle could not do it: {$a->message}';
$string['stepoff'] = 'The settings of the plugin switch the step {$a->step} off';
$string['stepsoff'] = 'Steps that are switched off';
$string['stepsoff_desc'] = 'Programs with one of these steps are refused.';
$string['stepunavailable'] = 'This site has no step {$a->step}: {$a->reason}';
$string['taskforget'] = 'Forget what old operations did';
$string['taskrescue'] = 'Go on with operations whose process died';
$string['taskworkon'] = 'Work on an operation of the norm-hours bridge';
$string['textorfile'] = 'Either a text or a file is needed, and not both';
$string['timesorder'] = 'The time {$a->second} lies before {$a->first}';
$string['toolarge'] = 'Its description is too large';
$string['undoes'] = 'Takes back {$a}';
$string['undoexpired'] = 'The operation {$a->opkey} cannot be taken back: what it did was kept for a while only';
$string['undoneby'] = 'Taken back by {$a}';
$string['unknownarchetype'] = 'There is no archetype {$a->archetype}';
$string['unknowncapability'] = 'Unknown capability: {$a->name}';
$string['unknownoperation'] = 'There is no operation {$a->opkey} that could be taken back';
$string['unknownrole'] = 'There is no role with the short name {$a->shortname}';
$string['unknownstep'] = 'There is no step “{$a->step}”';
$string['usernotfound'] = 'There is no user {$a->id}';
$string['usersmatchedbyname'] = 'Accounts of the backup were matched by user name and e-mail address, because some had been made anew since';
$string['weightunused'] = 'A weight counts in a weighted mean only';
$string['wrongmodule'] = 'The activity {$a->id} is of the kind {$a->found}; {$a->wanted} is needed';
