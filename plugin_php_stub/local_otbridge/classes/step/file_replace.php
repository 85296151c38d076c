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
 * Step: another file in an element "File".
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\step;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->libdir . '/filelib.php');
require_once($GLOBALS['CFG']->dirroot . '/mod/resource/lib.php');

use context_module;
use local_otbridge\activity\mod_resource;
use local_otbridge\change;
use local_otbridge\checking;
use local_otbridge\elements;
use local_otbridge\field;
use local_otbridge\program_files;
use local_otbridge\refusal;
use local_otbridge\scope;
use local_otbridge\step;
use local_otbridge\work;
use stdClass;
use stored_file;

/**
 * Replaces the main file of an element, and perhaps the way it opens. The old file is kept for the undoing.
 */
class file_replace extends step {


    /**
     * Parameters.
     *
     * @return field[]
     */
    public function schema(): array {
        return [
            'course' => field::record('course'),
            'element' => elements::field()->default(null),
            'section' => field::int(0, 10000)->default(null),
            'file' => field::file(),
            'display' => field::choice(array_keys(mod_resource::DISPLAYS))->default(''),
        ];
    }

    /**
     * Results.
     *
     * @return string[]
     */
    public function results(): array {
        return ['cmid' => 'cm', 'name' => 'text', 'url' => 'text', 'old' => 'text', 'new' => 'text'];
    }

    /**
     * Capabilities.
     *
     * @return string[]
     */
    public function needs(): array {
        return ['moodle/course:manageactivities'];
    }

    /**
     * Capabilities in their contexts.
     *
     * @param array $params
     * @param scope $scope
     * @return array
     */
    public function capabilities(array $params, scope $scope): array {
        return [['moodle/course:manageactivities', $scope->context('course', $params['course'])]];
    }

    /**
     * One after the other.
     *
     * @param array $params
     * @return string[]
     */
    public function locks(array $params): array {
        return ['modules' . $params['course']];
    }

    /**
     * Look for faults.
     *
     * @param array $params
     * @param checking $checking
     */
    public function check(array $params, checking $checking): void {
        $param = $params['element'] === null ? 'section' : 'element';
        if (($params['element'] === null) === ($params['section'] === null)) {
            $checking->fault('element', 'elementnamed');
            return;
        }
        if (!is_int($params['course'])) {
            $checking->fault('course', 'elementnotfound', ['element' => (string) $params['section'], 'alike' => '']);
            return;
        }
        try {
            $cm = $this->find($params);
            $old = self::main_file($cm);
        } catch (refusal $refusal) {
            $checking->fault($param, $refusal->errorcode, $refusal->facts);
            return;
        }
        if (!$checking->claim('file', (string) $cm->id)) {
            $checking->fault($param, 'elementtwice', ['element' => elements::name($cm)]);
        }
        $name = $checking->file_name($params['file']);
        foreach (self::files($cm) as $file) {
            $same = $file->get_filename() === $name && $file->get_filepath() === $old->get_filepath();
            if ($same && $file->get_id() !== $old->get_id()) {
                $checking->fault('file', 'filenametwice', ['name' => $name]);
            }
        }
        $displays = explode(',', (string) get_config('resource', 'displayoptions'));
        if ($params['display'] !== '' && !in_array((string) mod_resource::DISPLAYS[$params['display']], $displays, true)) {
            $names = array_keys(array_intersect(mod_resource::DISPLAYS, $displays));
            $checking->fault('display', 'paramchoice', ['value' => $params['display'], 'choices' => implode(', ', $names)]);
        }
    }

    /**
     * Replace it.
     *
     * @param array $params
     * @param work $work
     * @return array
     */
    public function run(array $params, work $work): array {
        global $DB;

        $cm = $this->find($params);
        $old = self::main_file($cm);
        $place = program_files::place($old);
        $row = $DB->get_record('resource', ['id' => $cm->instance], '*', MUST_EXIST);
        $aside = program_files::put_aside($old, $work);
        $new = get_file_storage()->create_file_from_storedfile(
            ['filename' => $work->file_name($params['file']), 'sortorder' => 1, 'userid' => $work->userid() ?: null] + $place,
            $work->file($params['file'])
        );
        $changed = clone($row);
        if ($params['display'] !== '') {
            self::set_display($changed, $params['display']);
        }
        self::save($changed, $cm);
        $work->remember([
            'aside' => $aside, 'place' => $place, 'file' => (int) $new->get_id(), 'hash' => $new->get_contenthash(),
            'before' => self::settings($row), 'after' => self::settings($changed), 'cm' => (int) $cm->id,
        ]);
        return [
            'cmid' => (int) $cm->id, 'name' => elements::name($cm),
            'url' => (new \moodle_url('/mod/resource/view.php', ['id' => $cm->id]))->out(false),
            'old' => $old->get_filename(), 'new' => $new->get_filename(),
        ];
    }

    /**
     * Whether somebody replaced it since, or made it open another way.
     *
     * @param array $params
     * @param array $results
     * @param int $since
     * @param work $work
     * @return change|null
     */
    public function changed(array $params, array $results, int $since, work $work): ?change {
        global $DB;

        $kept = $work->recall();
        $cm = elements::row('cm' . $results['cmid']);
        if ($cm === null || $DB->record_exists('files', ['id' => $kept['aside'], 'component' => 'mod_resource'])) {
            return null;
        }
        $row = $DB->get_record('resource', ['id' => $cm->instance]);
        $file = $DB->get_record('files', ['id' => $kept['file'], 'component' => 'mod_resource', 'contenthash' => $kept['hash']]);
        if ($file && self::settings($row) === $kept['after']) {
            return null;
        }
        return new change($results['name'], (int) $row->timemodified);
    }

    /**
     * Take the new file away, and put the old one back.
     *
     * @param array $params
     * @param array $results
     * @param work $work
     */
    public function undo(array $params, array $results, work $work): void {
        global $DB;

        $kept = $work->recall();
        $cm = elements::row('cm' . $results['cmid']);
        if ($cm === null) {
            return;
        }
        $new = get_file_storage()->get_file_by_id($kept['file']);
        if ($new) {
            $new->delete();
        }
        program_files::put_back($kept['aside'], $kept['place']);
        $row = $DB->get_record('resource', ['id' => $cm->instance], '*', MUST_EXIST);
        self::save((object) ($kept['before'] + (array) $row), $cm);
    }

    /**
     * The element.
     *
     * @param array $params
     * @return stdClass course module
     * @throws refusal
     */
    private function find(array $params): stdClass {
        if ($params['element'] !== null) {
            return elements::row('cm' . elements::find($params['course'], $params['element'], 'resource'));
        }
        $found = [];
        foreach (get_fast_modinfo($params['course'])->get_instances_of('resource') as $cm) {
            if ((int) $cm->sectionnum === $params['section'] && !$cm->deletioninprogress) {
                $found[] = (int) $cm->id;
            }
        }
        $facts = ['element' => (string) $params['section']];
        if (!$found) {
            throw new refusal('nofileinsection', $facts);
        }
        if (count($found) > 1) {
            throw new refusal('filesinsection', $facts + ['ids' => implode(', ', $found)]);
        }
        return elements::row("cm$found[0]");
    }

    /**
     * Files of an element.
     *
     * @param stdClass $cm
     * @return stored_file[]
     */
    private static function files(stdClass $cm): array {
        $context = context_module::instance($cm->id);
        return get_file_storage()->get_area_files($context->id, 'mod_resource', 'content', 0, 'sortorder DESC, id', false);
    }

    /**
     * The file that opens.
     *
     * @param stdClass $cm
     * @return stored_file
     * @throws refusal
     */
    private static function main_file(stdClass $cm): stored_file {
        $files = self::files($cm);
        $first = reset($files);
        if (!$first) {
            throw new refusal('elementwithoutfile', ['element' => elements::name($cm)]);
        }
        return $first;
    }

    /**
     * Make it open another way, and show what it showed.
     *
     * @param stdClass $row
     * @param string $display
     */
    private static function set_display(stdClass $row, string $display): void {
        $shown = (array) @unserialize($row->displayoptions, ['allowed_classes' => false]);
        $config = get_config('resource');
        $row->display = (string) mod_resource::DISPLAYS[$display];
        foreach (['printintro' => 1, 'showsize' => 0, 'showtype' => 0, 'showdate' => 0] as $name => $default) {
            $row->$name = (int) ($shown[$name] ?? $default);
        }
        $row->popupwidth = $shown['popupwidth'] ?? $config->popupwidth ?? 620;
        $row->popupheight = $shown['popupheight'] ?? $config->popupheight ?? 450;
        resource_set_display_options($row);
    }

    /**
     * What taking back sets again.
     *
     * @param stdClass $row
     * @return array
     */
    private static function settings(stdClass $row): array {
        return ['display' => (string) $row->display, 'displayoptions' => (string) $row->displayoptions];
    }

    /**
     * Save the row with a new revision, so that browsers fetch the file.
     *
     * @param stdClass $row
     * @param stdClass $cm
     */
    private static function save(stdClass $row, stdClass $cm): void {
        global $DB;

        $DB->update_record('resource', (object) (['id' => $row->id, 'revision' => $row->revision + 1, 'timemodified' => time()]
            + self::settings($row)));
        rebuild_course_cache($cm->course, true);
        $info = get_fast_modinfo($cm->course)->get_cm($cm->id);
        \core\event\course_module_updated::create_from_cm($info)->trigger();
    }
}
