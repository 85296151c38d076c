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
 * mod_simplecertificate of 3KL: one HTML text with words in braces.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\certificate;

defined('MOODLE_INTERNAL') || die();

use local_otbridge\certificate;
use local_otbridge\work;
use stdClass;

/**
 * Sets all that its form sets (version 2.2.4 of 3KL 3.9.8a); fields of the form that another version lacks are left out by core.
 */
class simplecertificate extends certificate {
    /** @var string[] words that the module replaces */
    const WORDS = [
        'learner' => '{USERNAME}', 'course' => '{COURSENAME}', 'grade' => '{GRADE}', 'date' => '{DATE}', 'code' => '{CERTIFICATECODE}',
    ];
    /** @var int[] formats of grades, as the form has them */
    const GRADES = ['points' => 2, 'percent' => 1, 'letter' => 3];

    /**
     * Fields of its form; it has no switch that mails the learner.
     *
     * @param array $params
     * @return array
     */
    public function data(array $params): array {
        $grades = in_array('grade', array_column($params['lines'], 'kind'), true);
        return [
            'certificatetext' => ['text' => $this->text($params), 'format' => FORMAT_HTML], 'width' => $params['width'],
            'height' => $params['height'], 'certificatetextx' => $params['margin'], 'certificatetexty' => $params['top'],
            'certificatetextwidth' => $params['width'] - 2 * $params['margin'],
            'certificatetextheight' => max(1, $params['height'] - $params['top']), 'certificatetextborder' => 0, 'enablesecondpage' => 0,
            'secondpagetext' => ['text' => '', 'format' => FORMAT_HTML], 'secondpagex' => 10, 'secondpagey' => 50, 'coursename' => '',
            'alternatecode' => 0, 'outcome' => 0, 'certdate' => $params['date'] === 'completed' ? -2 : -1, 'certdatefmt' => '',
            'timestartdatefmt' => '', 'certgrade' => $grades ? -1 : 0, 'gradefmt' => self::GRADES[$params['gradeformat']],
            'gradedecimals' => 0, 'grademodfmt' => 0, 'forcelanguage' => $params['lang'] === '' ? '0' : $params['lang'],
            'printqrcode' => 0, 'codex' => 10, 'codey' => 10, 'qrcodefirstpage' => 0, 'issueongrade' => 0, 'issueonotcl' => 0,
            'otcltoissue' => 0, 'autoissuenotification' => (int) $params['email'], 'modalundelivered' => 0, 'emailteachers' => 0,
            'emailothers' => '', 'emailfrom' => '', 'delivery' => 0, 'requiredtime' => 0, 'reportcert' => 0, 'shelflife' => 0,
        ];
    }

    /**
     * The background, as the form keeps it.
     *
     * @param stdClass $made
     * @param array $params
     * @param work $work
     */
    public function lay_out(stdClass $made, array $params, work $work): void {
        global $DB;

        if ($params['background'] === null) {
            return;
        }
        $name = clean_param($work->file_name($params['background']), PARAM_FILE);
        get_file_storage()->create_file_from_storedfile([
            'contextid' => \context_module::instance($made->coursemodule)->id, 'component' => 'mod_simplecertificate',
            'filearea' => 'image', 'itemid' => 1, 'filepath' => '/', 'filename' => $name, 'mimetype' => mimeinfo('type', $name),
        ], $work->file($params['background']));
        $DB->set_field('simplecertificate', 'certificateimage', $name, ['id' => $made->instance]);
    }

    /**
     * Issued certificates.
     *
     * @return string[]
     */
    public function issues(): array {
        return ['simplecertificate_issues', 'certificateid', 'timedeleted IS NULL'];
    }

    /**
     * The lines as HTML that TCPDF reads.
     *
     * @param array $params
     * @return string
     */
    private function text(array $params): string {
        $html = '';
        foreach ($params['lines'] as $line) {
            // A brace of the customer's must not become a word that is replaced.
            $text = self::WORDS[$line['kind']] ?? strtr(s($line['text']), ['{' => '&#123;', '}' => '&#125;']);
            $look = "font-family: {$this->font()}; font-size: {$line['size']}pt; color: {$line['colour']};"
                . ($line['bold'] ? ' font-weight: bold;' : '');
            if ($line['space'] > 0) {
                $points = (int) round($line['space'] / self::POINT);
                $html .= "<div style=\"font-size: {$points}pt; line-height: 1;\">&nbsp;</div>";
            }
            $html .= "<div style=\"text-align: {$line['align']};\"><span style=\"$look\">$text</span></div>";
        }
        return $html;
    }
}
