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
 * Activity: an assignment.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\activity;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->libdir . '/filelib.php');

use core_form\filetypes_util;
use local_otbridge\activity;
use local_otbridge\checking;
use local_otbridge\field;
use stdClass;

/**
 * An assignment. Without the fields of its submission plugins core stores one that takes no submissions.
 */
class mod_assign extends activity {
    /**
     * The settings.
     *
     * @return field[]
     */
    public function settings(): array {
        return [
            'allowsubmissionsfromdate' => field::time()->default(0),
            'duedate' => field::time()->default(0),
            'cutoffdate' => field::time()->default(0),
            'gradingduedate' => field::time()->default(0),
            'grade' => field::int(0, 1000000)->default(100),
            'gradepass' => field::decimal('0', '1000000')->default(''),
            'submissiontypes' => field::items(field::choice(['file', 'onlinetext']), 1, 2)->default(['file']),
            'maxfiles' => field::int(1, 1000)->default(null),
            'maxsizebytes' => field::int(0)->default(0),
            'filetypes' => field::text(255)->default(''),
            'wordlimit' => field::int(0, 1000000)->default(0),
            'submissiondrafts' => field::bool()->default(false),
            'requiresubmissionstatement' => field::bool()->default(false),
            'teamsubmission' => field::bool()->default(false),
            'blindmarking' => field::bool()->default(false),
            'markingworkflow' => field::bool()->default(false),
            'maxattempts' => field::int(0, 30)->default(1),
        ];
    }

    /**
     * Look for faults.
     *
     * @param array $settings
     * @param checking $checking
     */
    public function check(array $settings, checking $checking): void {
        self::in_order($settings, 'allowsubmissionsfromdate', 'duedate', $checking);
        self::in_order($settings, 'duedate', 'cutoffdate', $checking);
        self::in_order($settings, 'allowsubmissionsfromdate', 'gradingduedate', $checking);
        self::gradable($settings, $checking);
        self::reachable($settings, $checking);
        $most = (int) self::site('assignsubmission_file', 'maxfiles', 20);
        if (is_int($settings['maxfiles']) && $settings['maxfiles'] > $most) {
            $checking->fault('settings.maxfiles', 'paramrange', ['value' => $settings['maxfiles'], 'min' => 1, 'max' => $most]);
        }
        if (is_string($settings['filetypes']) && $settings['filetypes'] !== '') {
            $unknown = (new filetypes_util())->get_unknown_file_types($settings['filetypes']);
            if ($unknown) {
                $checking->fault('settings.filetypes', 'filetypeunknown', ['types' => implode(', ', $unknown)]);
            }
        }
    }

    /**
     * What core wants.
     *
     * @param array $settings
     * @param int $draft
     * @param stdClass $course
     * @return array
     */
    public function data(array $settings, int $draft, stdClass $course): array {
        global $CFG;

        $data = ['gradepass' => $settings['gradepass'] === '' ? '0' : $settings['gradepass']];
        foreach (['submissiondrafts', 'requiresubmissionstatement', 'teamsubmission', 'blindmarking', 'markingworkflow'] as $name) {
            $data[$name] = (int) $settings[$name];
        }
        foreach (['allowsubmissionsfromdate', 'duedate', 'cutoffdate', 'gradingduedate', 'grade'] as $name) {
            $data[$name] = $settings[$name];
        }
        // 0 stands for any number. Up to 4.4 one attempt is "never again", which is gone since.
        $attempts = $settings['maxattempts'] ?: -1;
        $single = (int) $CFG->branch >= 405 ? ['untilpass', 1] : ['none', -1];
        [$data['attemptreopenmethod'], $data['maxattempts']] = $attempts === 1 ? $single : ['manual', $attempts];
        $types = $settings['submissiontypes'];
        return $data + [
            'alwaysshowdescription' => 1, 'sendnotifications' => 0, 'sendlatenotifications' => 0, 'sendstudentnotifications' => 1,
            'requireallteammemberssubmit' => 0, 'teamsubmissiongroupingid' => 0, 'preventsubmissionnotingroup' => 0,
            'hidegrader' => 0, 'markingallocation' => 0, 'markinganonymous' => 0, 'completionsubmit' => 1,
            'activityeditor' => ['text' => '', 'format' => FORMAT_HTML, 'itemid' => IGNORE_FILE_MERGE], 'timelimit' => 0,
            'submissionattachments' => 0,
            'assignsubmission_file_enabled' => (int) in_array('file', $types, true),
            'assignsubmission_file_maxfiles' => $settings['maxfiles'] ?? self::site('assignsubmission_file', 'maxfiles', 20),
            'assignsubmission_file_maxsizebytes' => $settings['maxsizebytes'],
            'assignsubmission_file_filetypes' => $settings['filetypes'],
            'assignsubmission_onlinetext_enabled' => (int) in_array('onlinetext', $types, true),
            'assignsubmission_onlinetext_wordlimit' => $settings['wordlimit'],
            'assignsubmission_onlinetext_wordlimit_enabled' => (int) ($settings['wordlimit'] > 0),
            'assignsubmission_comments_enabled' => 1, 'assignfeedback_comments_enabled' => 1,
            'assignfeedback_comments_commentinline' => 0,
        ];
    }

    /**
     * What people submitted, and grades.
     *
     * @return array
     */
    public function traces(): array {
        return [
            ['assign_submission', 'assignment', 'timemodified', 'userid', "status <> 'new'", true],
            ['assign_grades', 'assignment', 'timemodified', 'grader', '', true],
        ];
    }
}
