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
 * Page for the site's administrator: what the bridge did.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

use local_otbridge\operations;
use local_otbridge\operations_page;

require_once(__DIR__ . '/../../config.php');
require_once($CFG->libdir . '/adminlib.php');

$id = optional_param('id', 0, PARAM_INT);
$page = optional_param('page', 0, PARAM_INT);
admin_externalpage_setup('local_otbridge_operations');

echo $OUTPUT->header();
$operation = $id ? operations::get($id) : null;
if ($operation === null) {
    echo $OUTPUT->heading(get_string('operations', 'local_otbridge'));
    echo operations_page::listing($page);
} else {
    echo $OUTPUT->heading(s($operation->ticket . ' ' . $operation->opkey));
    echo operations_page::details($operation);
}
echo $OUTPUT->footer();
