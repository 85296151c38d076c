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
 * Activity: a lesson.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\activity;

use local_otbridge\activity;
use local_otbridge\checking;
use local_otbridge\field;
use stdClass;

/**
 * A lesson. Scores of answers vanish unless it has custom scoring, which is the form's default and not the table's.
 */
class mod_lesson extends activity {
    /**
     * The settings.
     *
     * @return field[]
     */
    public function settings(): array {
        return [
            'available' => field::time()->default(0),
            'deadline' => field::time()->default(0),
            'timelimit' => field::int(0, 31536000)->default(0),
            'grade' => field::int(0, 1000000)->default(100),
            'gradepass' => field::decimal('0', '1000000')->default(''),
            'maxanswers' => field::int(2, 20)->default(5),
            'maxattempts' => field::int(1, 10)->default(1),
            'practice' => field::bool()->default(false),
            'retake' => field::bool()->default(false),
            'modattempts' => field::bool()->default(false),
            'feedback' => field::bool()->default(false),
            'ongoing' => field::bool()->default(false),
            'progressbar' => field::bool()->default(false),
            'displayleft' => field::bool()->default(false),
            'password' => field::text(32)->default(''),
        ];
    }

    /**
     * Look for faults.
     *
     * @param array $settings
     * @param checking $checking
     */
    public function check(array $settings, checking $checking): void {
        self::in_order($settings, 'available', 'deadline', $checking);
        self::gradable($settings, $checking);
        self::reachable($settings, $checking);
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
        $data = [];
        foreach (['practice', 'retake', 'modattempts', 'feedback', 'ongoing', 'progressbar', 'displayleft'] as $name) {
            $data[$name] = (int) $settings[$name];
        }
        foreach (['available', 'deadline', 'timelimit', 'grade', 'maxanswers', 'maxattempts'] as $name) {
            $data[$name] = $settings[$name];
        }
        if ($settings['gradepass'] !== '') {
            $data['gradepass'] = $settings['gradepass'];
        }
        return $data + [
            'custom' => 1, 'review' => 0, 'nextpagedefault' => 0, 'minquestions' => 0,
            'maxpages' => 1, 'usemaxgrade' => 0, 'usepassword' => (int) ($settings['password'] !== ''),
            'password' => $settings['password'], 'dependency' => 0, 'displayleftif' => 0, 'slideshow' => 0, 'width' => 640,
            'height' => 480, 'bgcolor' => '#FFFFFF', 'mediafile' => 0, 'mediaheight' => 480, 'mediawidth' => 640, 'mediaclose' => 0,
            'activitylink' => 0, 'allowofflineattempts' => 0,
        ];
    }

    /**
     * Attempts of people.
     *
     * @return array
     */
    public function traces(): array {
        return [
            ['lesson_timer', 'lessonid', 'lessontime', 'userid', '', true],
            ['lesson_pages', 'lessonid', 'timecreated', '', '', false],
            ['lesson_pages', 'lessonid', 'timemodified', '', '', false],
        ];
    }
}
