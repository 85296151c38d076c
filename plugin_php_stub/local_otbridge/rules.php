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
 * Page of the rules that enrol people by their profiles.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

use local_otbridge\rules;
use local_otbridge\rules_page;

require_once(__DIR__ . '/../../config.php');
require_once($CFG->libdir . '/adminlib.php');

$id = optional_param('id', 0, PARAM_INT);
$enable = optional_param('enable', 0, PARAM_BOOL);
admin_externalpage_setup('local_otbridge_rules');

if ($id && data_submitted() && confirm_sesskey() && rules::get($id) !== null) {
    rules::enable($id, (bool) $enable);
    redirect(new moodle_url('/local/otbridge/rules.php'));
}
echo $OUTPUT->header();
echo $OUTPUT->heading(get_string('rules', 'local_otbridge'));
echo html_writer::div(get_string('rules_desc', 'local_otbridge'));
echo rules_page::listing();
echo $OUTPUT->footer();
