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
 * mod_customcert: a page with one element a line.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\certificate;

use context_course;
use local_otbridge\certificate;
use local_otbridge\work;
use stdClass;

/**
 * Writes page and elements as the module's own forms do (its versions 3.9 to 5.0; 5.2 keeps them in another form).
 */
class customcert extends certificate {
    /** @var string[] kinds of elements by kinds of lines */
    const ELEMENTS = [
        'text' => 'text', 'learner' => 'studentname', 'course' => 'coursename', 'grade' => 'grade', 'date' => 'date',
        'code' => 'code',
    ];
    /** @var int[] the point of an element that stands at its place: top left, middle, right */
    const POINTS = ['left' => 0, 'center' => 1, 'right' => 2];
    /** @var int[] formats of grades, as core's constants */
    const GRADES = ['points' => 1, 'percent' => 2, 'letter' => 3];

    /**
     * Why this site cannot use the module.
     *
     * @return string
     */
    public function missing(): string {
        global $DB;

        $missing = parent::missing();
        if ($missing === '' && !isset($DB->get_columns('customcert_elements')['font'])) {
            return get_string('otherlayout', 'local_otbridge');
        }
        return $missing;
    }

    /**
     * Fields of its form.
     *
     * @param array $params
     * @return array
     */
    public function data(array $params): array {
        return [
            'requiredtime' => 0, 'verifyany' => (int) $params['verifyany'], 'deliveryoption' => 'I', 'usecustomfilename' => 0,
            'customfilenamepattern' => '', 'emailstudents' => (int) $params['email'], 'emailteachers' => 0, 'emailothers' => '',
            'language' => $params['lang'],
        ];
    }

    /**
     * The page and its elements.
     *
     * @param stdClass $made
     * @param array $params
     * @param work $work
     */
    public function lay_out(stdClass $made, array $params, work $work): void {
        global $DB;

        $template = $DB->get_field('customcert', 'templateid', ['id' => $made->instance], MUST_EXIST);
        $page = $DB->get_record('customcert_pages', ['templateid' => $template], '*', MUST_EXIST);
        $DB->update_record('customcert_pages', (object) [
            'id' => $page->id, 'width' => $params['width'], 'height' => $params['height'], 'leftmargin' => $params['margin'],
            'rightmargin' => $params['margin'],
        ]);
        $number = 0;
        if ($params['background'] !== null) {
            $this->add($page->id, ++$number, 'bgimage', $this->background($made, $params['background'], $work), []);
        }
        $down = (float) $params['top'];
        foreach ($params['lines'] as $line) {
            $down += $line['space'];
            $this->add($page->id, ++$number, self::ELEMENTS[$line['kind']], $this->content($line, $params), [
                'font' => $this->font() . ($line['bold'] ? 'b' : ''), 'fontsize' => $line['size'], 'colour' => $line['colour'],
                'posx' => $this->across($line, $params), 'posy' => (int) round($down),
                'width' => $params['width'] - 2 * $params['margin'], 'refpoint' => self::POINTS[$line['align']],
                'alignment' => strtoupper($line['align'][0]),
            ]);
            $down += $line['size'] * self::POINT * 1.4;
        }
    }

    /**
     * Issued certificates.
     *
     * @return string[]
     */
    public function issues(): array {
        return ['customcert_issues', 'customcertid', ''];
    }

    /**
     * The background lies in the course, where the module looks for pictures; it is not deleted with the module.
     *
     * @param array $params
     * @param array $results
     */
    public function clear(array $params, array $results): void {
        $context = context_course::instance($params['course'], IGNORE_MISSING);
        if ($context && $results['picture'] !== '') {
            $storage = get_file_storage();
            $file = $storage->get_file($context->id, 'mod_customcert', 'image', 0, '/', $results['picture']);
            if ($file) {
                $file->delete();
            }
            if (count($storage->get_area_files($context->id, 'mod_customcert', 'image', 0, 'id', false)) === 0) {
                $storage->delete_area_files($context->id, 'mod_customcert', 'image', 0);
            }
        }
    }

    /**
     * Name of the background's file: its own, with what no other certificate has.
     *
     * @param work $work
     * @param string $sha256
     * @return string
     */
    public static function picture(work $work, string $sha256): string {
        $name = clean_param($work->file_name($sha256), PARAM_FILE);
        return substr(sha1($work->tag()), 0, 10) . '-' . \core_text::substr($name, -200);
    }

    /**
     * Keep the background.
     *
     * @param stdClass $made
     * @param string $sha256
     * @param work $work
     * @return string what the element holds
     */
    private function background(stdClass $made, string $sha256, work $work): string {
        $place = [
            'contextid' => context_course::instance($made->course)->id, 'filearea' => 'image', 'itemid' => 0, 'filepath' => '/',
            'filename' => self::picture($work, $sha256),
        ];
        $type = mimeinfo('type', $place['filename']);
        $record = $place + ['component' => 'mod_customcert', 'mimetype' => $type];
        get_file_storage()->create_file_from_storedfile($record, $work->file($sha256));
        return json_encode(['width' => 0, 'height' => 0] + $place);
    }

    /**
     * What the element of a line holds.
     *
     * @param array $line
     * @param array $params
     * @return string|null
     */
    private function content(array $line, array $params): ?string {
        switch ($line['kind']) {
            case 'text':
                return s($line['text']);
            case 'course':
                return '2'; // The full name.
            case 'grade':
                return json_encode(['gradeitem' => '0', 'gradeformat' => self::GRADES[$params['gradeformat']]]);
            case 'date':
                $item = $params['date'] === 'completed' ? '-2' : '-1';
                return json_encode(['dateitem' => $item, 'dateformat' => 'strftimedate']);
            default:
                return null;
        }
    }

    /**
     * Where a line stands.
     *
     * @param array $line
     * @param array $params
     * @return int millimetres from the left
     */
    private function across(array $line, array $params): int {
        $places = [
            'left' => $params['margin'], 'center' => intdiv($params['width'], 2), 'right' => $params['width'] - $params['margin'],
        ];
        return $places[$line['align']];
    }

    /**
     * Add an element.
     *
     * @param int $pageid
     * @param int $number
     * @param string $kind
     * @param string|null $data
     * @param array $look
     */
    private function add(int $pageid, int $number, string $kind, ?string $data, array $look): void {
        global $DB;

        $DB->insert_record('customcert_elements', (object) ($look + [
            'pageid' => $pageid, 'name' => get_string('pluginname', "customcertelement_$kind"), 'element' => $kind, 'data' => $data,
            'alignment' => 'L', 'sequence' => $number, 'timecreated' => time(), 'timemodified' => time(),
        ]));
    }
}
