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
 * Tests of the step that adds certificates.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/step_testcase.php');

/**
 * Run where a certificate module is installed; without one it is said.
 *
 * @covers \local_otbridge\step\certificate_add
 * @covers \local_otbridge\certificate
 */
class step_certificate_test extends step_testcase {
    /**
     * A certificate.
     *
     * @param array $more
     * @return array
     */
    private function step(array $more = []): array {
        return $more + [
            'step' => 'certificate.add', 'course' => (int) $this->course->id, 'section' => 1, 'name' => 'Сертификат',
            'lines' => [
                ['kind' => 'text', 'text' => 'Настоящим подтверждается {USERNAME}, что'], ['kind' => 'learner', 'size' => 28, 'bold' => true],
                ['kind' => 'course'], ['kind' => 'grade', 'align' => 'left'], ['kind' => 'date', 'align' => 'right'], ['kind' => 'code'],
            ],
        ];
    }

    /**
     * Skip where no module is installed.
     */
    private function need_a_module(): void {
        if (certificate::find() === null) {
            $this->markTestSkipped(certificate::none());
        }
    }

    public function test_it_is_made_once_and_taken_back() {
        global $DB;
        $this->need_a_module();
        $picture = $this->file('Фон.png', base64_decode(self::PNG));
        $this->prove(['c' => $this->step(['background' => $picture, 'mingrade' => '80'])], function (array $results) use ($DB) {
            $cm = get_coursemodule_from_id('', $results['c']['cmid'], 0, false, MUST_EXIST);
            $tree = json_decode($DB->get_field('course_modules', 'availability', ['id' => $cm->id]));
            $this->assertSame(['grade', 80], [$tree->c[0]->type, $tree->c[0]->min]);
            $this->assertSame((int) \grade_item::fetch_course_item($this->course->id)->id, $tree->c[0]->id);
            if ($results['c']['module'] === 'customcert') {
                $kinds = $DB->get_fieldset_sql(
                    'SELECT e.element FROM {customcert_elements} e JOIN {customcert_pages} p ON p.id = e.pageid
                       JOIN {customcert} c ON c.templateid = p.templateid WHERE c.id = ? ORDER BY e.sequence',
                    [$cm->instance]
                );
                $this->assertSame(['bgimage', 'text', 'studentname', 'coursename', 'grade', 'date', 'code'], $kinds);
            }
        });
    }

    public function test_one_that_was_issued_stays() {
        global $DB;
        $this->need_a_module();
        $key = $this->key();
        $made = $this->do(['c' => $this->step()], $key)['c'];
        [$table, $owner] = certificate::find($made['module'])->issues();
        $user = $this->getDataGenerator()->create_user();
        $issue = (object) [$owner => $made['instance'], 'userid' => $user->id, 'code' => 'a', 'timecreated' => time()];
        if ($made['module'] === 'simplecertificate') {
            $issue->certificatename = 'a';
            $issue->pathnamehash = sha1('a');
        }
        $DB->insert_record($table, $issue);
        $this->assertSame('changedsince', $this->take_back($key)['errorcode']);
        $this->assertTrue($DB->record_exists('course_modules', ['id' => $made['cmid']]));
    }

    public function test_faults_are_found_beforehand() {
        $this->need_a_module();
        $other = $this->getDataGenerator()->create_module('page', ['course' => $this->getDataGenerator()->create_course()->id]);
        $page = $this->getDataGenerator()->create_module('page', ['course' => $this->course->id]);
        $this->assertSame([
            'steps[0].section sectionnotfound', 'steps[1].lines[0].text paramlength', 'steps[2].background notpicture',
            'steps[2].completed[0] cmothercourse', 'steps[2].completed[1] nocompletion', 'steps[2].margin paramrange',
            'steps[3].lines[1] offpage', 'steps[4].lang langnotfound',
        ], $this->faults([
            'a' => $this->step(['section' => 9]),
            'b' => $this->step(['lines' => [['kind' => 'text']]]),
            'c' => $this->step([
                'background' => $this->file('a.png', 'no picture'), 'completed' => [(int) $other->cmid, (int) $page->cmid], 'margin' => 200,
            ]),
            'd' => $this->step(['lines' => [['kind' => 'learner', 'space' => 140], ['kind' => 'date', 'space' => 60]]]),
            'e' => $this->step(['lang' => 'xx']),
        ]));
    }

    public function test_conditions_need_that_they_are_switched_on() {
        $this->need_a_module();
        set_config('enableavailability', 0);
        $this->assertSame(['steps[0].mingrade availabilityoff'], $this->faults(['c' => $this->step(['mingrade' => '50'])]));
    }

    public function test_a_site_without_a_module_says_so() {
        global $DB;
        $DB->set_field_select('modules', 'visible', 0, "name IN ('customcert', 'simplecertificate')");
        $this->assertSame(['steps[0].step stepunavailable'], $this->faults(['c' => $this->step()]));
    }
}
