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
 * Activity: a quiz.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\activity;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->libdir . '/questionlib.php');

use local_otbridge\activity;
use local_otbridge\checking;
use local_otbridge\field;
use question_engine;
use stdClass;

/**
 * A quiz. Without a behaviour its first attempt fails, without a grade it has no grade item, without a password core fails.
 */
class mod_quiz extends activity {
    /** @var int[] grading methods, as core numbers them */
    const METHODS = ['highest' => 1, 'average' => 2, 'first' => 3, 'last' => 4];
    /** @var int[] when a review is: the bits of the site's defaults */
    const MOMENTS = ['during' => 0x10000, 'immediately' => 0x01000, 'open' => 0x00100, 'closed' => 0x00010];
    /** @var string[] what a review shows */
    const REVIEWS = [
        'attempt', 'correctness', 'maxmarks', 'marks', 'specificfeedback', 'generalfeedback', 'rightanswer', 'overallfeedback',
    ];

    /**
     * The settings; those without a value take the site's defaults.
     *
     * @return field[]
     */
    public function settings(): array {
        return [
            'timeopen' => field::time()->default(0),
            'timeclose' => field::time()->default(0),
            'timelimit' => field::int(0, 31536000)->default(null),
            'attempts' => field::int(0, 10)->default(null),
            'grademethod' => field::choice(array_keys(self::METHODS))->default(null),
            'grade' => field::decimal('0', '10000')->default(''),
            'gradepass' => field::decimal('0', '10000')->default(''),
            'questionsperpage' => field::int(0, 50)->default(null),
            'shuffleanswers' => field::bool()->default(null),
            'navmethod' => field::choice(['free', 'sequential'])->default(null),
            'preferredbehaviour' => field::text(32)->filled()->pattern('/^[a-z][a-z0-9_]*\z/')->default(null),
            'overduehandling' => field::choice(['autosubmit', 'graceperiod', 'autoabandon'])->default(null),
            'graceperiod' => field::int(0, 31536000)->default(null),
            'delay1' => field::int(0, 31536000)->default(null),
            'delay2' => field::int(0, 31536000)->default(null),
            'password' => field::text(255)->default(''),
        ];
    }

    /**
     * Look for faults.
     *
     * @param array $settings
     * @param checking $checking
     */
    public function check(array $settings, checking $checking): void {
        self::in_order($settings, 'timeopen', 'timeclose', $checking);
        self::reachable(['grade' => $settings['grade'] === '' ? $this->grade() : $settings['grade']] + $settings, $checking);
        $wanted = $settings['preferredbehaviour'];
        $behaviours = array_keys(question_engine::get_behaviour_options(''));
        if (is_string($wanted) && !in_array($wanted, $behaviours, true)) {
            $facts = ['value' => $wanted, 'choices' => implode(', ', $behaviours)];
            $checking->fault('settings.preferredbehaviour', 'paramchoice', $facts);
        }
        $least = (int) self::site('quiz', 'graceperiodmin', 60);
        $grace = $settings['graceperiod'];
        if ($settings['overduehandling'] === 'graceperiod' && is_int($grace) && $grace < $least) {
            $checking->fault('settings.graceperiod', 'paramrange', ['value' => $grace, 'min' => $least, 'max' => 31536000]);
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
        $data = [
            'timeopen' => $settings['timeopen'], 'timeclose' => $settings['timeclose'], 'quizpassword' => $settings['password'],
            'grade' => $settings['grade'] === '' ? $this->grade() : $settings['grade'],
            'grademethod' => $settings['grademethod'] === null ? self::site('quiz', 'grademethod', 1)
                : self::METHODS[$settings['grademethod']],
            'shuffleanswers' => (int) ($settings['shuffleanswers'] ?? self::site('quiz', 'shuffleanswers', 1)),
        ];
        if ($settings['gradepass'] !== '') {
            $data['gradepass'] = $settings['gradepass'];
        }
        foreach (self::site_defaults() as $name => $otherwise) {
            $data[$name] = $settings[$name] ?? self::site('quiz', $name, $otherwise);
        }
        foreach (self::REVIEWS as $review) {
            $on = (int) self::site('quiz', 'review' . $review, 0x11110);
            foreach (self::MOMENTS as $moment => $bit) {
                if ($on & $bit) {
                    $data[$review . $moment] = 1; // The key alone counts.
                }
            }
        }
        return $data + [
            'browsersecurity' => '-', 'subnet' => '', 'feedbacktext' => [['text' => '', 'format' => FORMAT_HTML, 'itemid' => 0]],
            'feedbackboundaries' => [], 'completionattemptsexhausted' => 0, 'completionminattempts' => 0,
        ];
    }

    /**
     * Attempts of people; a teacher's preview is none.
     *
     * @return array
     */
    public function traces(): array {
        return [['quiz_attempts', 'quiz', 'timestart', 'userid', 'preview = 0', true]];
    }

    /**
     * Settings that the site has defaults for, with what Moodle has where the site says nothing.
     *
     * @return array
     */
    private static function site_defaults(): array {
        return [
            'timelimit' => 0, 'attempts' => 0, 'questionsperpage' => 1, 'navmethod' => 'free',
            'preferredbehaviour' => 'deferredfeedback', 'overduehandling' => 'autosubmit', 'graceperiod' => 86400, 'delay1' => 0, 'delay2' => 0, 'canredoquestions' => 0,
            'attemptonlast' => 0, 'decimalpoints' => 2, 'questiondecimalpoints' => -1, 'showuserpicture' => 0, 'showblocks' => 0,
        ];
    }

    /**
     * The site's highest grade.
     *
     * @return string
     */
    private function grade(): string {
        return (string) self::site('quiz', 'maximumgrade', '10');
    }
}
