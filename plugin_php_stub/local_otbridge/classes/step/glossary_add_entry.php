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
 * Step: add an entry to a glossary.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\step;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->dirroot . '/mod/glossary/lib.php');

use cache_helper;
use context_module;
use core_tag_tag;
use local_otbridge\change;
use local_otbridge\checking;
use local_otbridge\field;
use local_otbridge\kinds;
use local_otbridge\repeatable;
use local_otbridge\scope;
use local_otbridge\step;
use local_otbridge\work;
use stdClass;

/**
 * Adds an entry. Core takes a blank concept, and breaks at one that is too long.
 */
class glossary_add_entry extends step implements repeatable {
    /**
     * Parameters.
     *
     * @return field[]
     */
    public function schema(): array {
        return [
            'glossary' => field::record('cm', 'glossary'),
            'concept' => field::text(255)->filled()->pattern('/^[^<>]*\z/'),
            'definitionhtml' => field::html()->filled(),
            'aliases' => field::items(field::text(255)->filled()->pattern('/^[^<>]*\z/'), 0, 50)->default([]),
        ];
    }

    /**
     * Results.
     *
     * @return string[]
     */
    public function results(): array {
        return ['id' => 'int'];
    }

    /**
     * Capabilities.
     *
     * @return string[]
     */
    public function needs(): array {
        return ['mod/glossary:write', 'mod/glossary:approve', 'mod/glossary:manageentries'];
    }

    /**
     * Capabilities in their contexts.
     *
     * @param array $params
     * @param scope $scope
     * @return array
     */
    public function capabilities(array $params, scope $scope): array {
        return [['mod/glossary:write', $scope->context('cm', $params['glossary'])]];
    }

    /**
     * One concept, one entry, also when two come at once.
     *
     * @param array $params
     * @return string[]
     */
    public function locks(array $params): array {
        return ['glossary' . $params['glossary']];
    }

    /**
     * Look for faults.
     *
     * @param array $params
     * @param checking $checking
     */
    public function check(array $params, checking $checking): void {
        $concept = $params['concept'];
        if (!is_string($concept)) {
            return;
        }
        $glossary = is_int($params['glossary']) ? self::glossary($params['glossary']) : null;
        if ($glossary !== null && $glossary->allowduplicatedentries) {
            return;
        }
        $taken = $glossary !== null && glossary_concept_exists($glossary, $concept);
        if ($taken || !$checking->claim('glossary.concept.' . $params['glossary'], $concept)) {
            $checking->fault('concept', 'concepttaken', ['concept' => $concept]);
        }
    }

    /**
     * Add the entry.
     *
     * @param array $params
     * @param work $work
     * @return array
     */
    public function run(array $params, work $work): array {
        global $CFG, $DB;

        $glossary = self::glossary($params['glossary']);
        $cm = get_coursemodule_from_id('glossary', $params['glossary'], 0, false, MUST_EXIST);
        $course = $DB->get_record('course', ['id' => $cm->course], '*', MUST_EXIST);
        $links = $glossary->usedynalink && !empty($CFG->glossary_linkentries);
        $entry = glossary_edit_entry((object) [
            'id' => null, 'concept' => $params['concept'], 'aliases' => implode("\n", $params['aliases']),
            'usedynalink' => (int) $links, 'casesensitive' => (int) ($links && !empty($CFG->glossary_casesensitive)),
            'fullmatch' => (int) ($links && !empty($CFG->glossary_fullmatch)),
            'definition_editor' => ['text' => $params['definitionhtml'], 'format' => FORMAT_HTML, 'itemid' => 0],
        ], $course, $cm, $glossary, context_module::instance($cm->id));
        return ['id' => (int) $entry->id];
    }

    /**
     * Its own change.
     *
     * @param array $params
     * @param array $results
     * @param int $since
     * @param work $work
     * @return change|null
     */
    public function changed(array $params, array $results, int $since, work $work): ?change {
        global $DB;

        $entry = $DB->get_record('glossary_entries', ['id' => $results['id']]);
        if (!$entry) {
            return null;
        }
        if ($entry->timemodified > $since) {
            return new change($entry->concept, (int) $entry->timemodified);
        }
        $where = ['contextid' => context_module::instance($params['glossary'])->id, 'itemid' => $entry->id];
        foreach (['comments' => ['commentarea' => 'glossary_entry'], 'rating' => ['ratingarea' => 'entry']] as $table => $area) {
            $rows = $DB->get_records($table, $where + $area, 'timecreated DESC', '*', 0, 1);
            if ($rows) {
                $row = reset($rows);
                return new change($table, (int) $row->timecreated, (int) $row->userid);
            }
        }
        return null;
    }

    /**
     * Delete the entry, with what hangs on it; before 4.0 core has no function for that.
     *
     * @param array $params
     * @param array $results
     * @param work $work
     */
    public function undo(array $params, array $results, work $work): void {
        global $DB;

        $entry = $DB->get_record('glossary_entries', ['id' => $results['id']]);
        if (!$entry || !kinds::exists('cm', $params['glossary'])) {
            return;
        }
        $context = context_module::instance($params['glossary']);
        foreach (['entry', 'attachment'] as $area) {
            get_file_storage()->delete_area_files($context->id, 'mod_glossary', $area, $entry->id);
        }
        $where = ['contextid' => $context->id, 'itemid' => $entry->id];
        $DB->delete_records('comments', $where + ['commentarea' => 'glossary_entry']);
        $DB->delete_records('rating', $where + ['component' => 'mod_glossary', 'ratingarea' => 'entry']);
        $DB->delete_records('glossary_alias', ['entryid' => $entry->id]);
        $DB->delete_records('glossary_entries_categories', ['entryid' => $entry->id]);
        core_tag_tag::remove_all_item_tags('mod_glossary', 'glossary_entries', $entry->id);
        $DB->delete_records('glossary_entries', ['id' => $entry->id]); // Last: without it nothing leads to the rest.
        $event = \mod_glossary\event\entry_deleted::create([
            'context' => $context, 'objectid' => $entry->id, 'other' => ['mode' => '', 'hook' => '', 'concept' => $entry->concept],
        ]);
        $event->add_record_snapshot('glossary_entries', $entry);
        $event->trigger();
    }

    /**
     * Concepts that texts are linked to.
     *
     * @param array $params
     * @param array $results
     */
    public function refresh(array $params, array $results): void {
        cache_helper::purge_by_definition('mod_glossary', 'concepts');
    }

    /**
     * The only entry of that concept.
     *
     * @param array $params
     * @return array|null
     */
    public function find(array $params): ?array {
        global $DB;

        if (!is_int($params['glossary']) || !is_string($params['concept'])) {
            return null;
        }
        $where = ['glossaryid' => self::glossary($params['glossary'])->id, 'concept' => $params['concept']];
        $found = $DB->get_fieldset_select('glossary_entries', 'id', 'glossaryid = :glossaryid AND concept = :concept', $where);
        return count($found) === 1 ? ['id' => (int) reset($found)] : null;
    }

    /**
     * Its text.
     *
     * @param array $params
     * @param array $found
     * @return array
     */
    public function differences(array $params, array $found): array {
        global $DB;
        $text = $DB->get_field('glossary_entries', 'definition', ['id' => $found['id']], MUST_EXIST);
        return $text === $params['definitionhtml'] ? [] : ['definitionhtml' => $text];
    }

    /**
     * Change its text.
     *
     * @param array $params
     * @param array $found
     * @param array $before
     * @param work $work
     * @return array
     */
    public function bring(array $params, array $found, array $before, work $work): array {
        self::rewrite($found['id'], $params['definitionhtml']);
        return $found;
    }

    /**
     * Change its text back.
     *
     * @param array $params
     * @param array $results
     * @param array $before
     * @param work $work
     */
    public function put_back(array $params, array $results, array $before, work $work): void {
        self::rewrite($results['id'], $before['definitionhtml']);
    }

    /**
     * Give it a text.
     *
     * @param int $id
     * @param string $text
     */
    private static function rewrite(int $id, string $text): void {
        global $DB;
        $DB->update_record('glossary_entries', (object) ['id' => $id, 'definition' => $text, 'timemodified' => time()]);
    }

    /**
     * Row of the glossary.
     *
     * @param int $cmid
     * @return stdClass
     */
    private static function glossary(int $cmid): stdClass {
        global $DB;
        $sql = 'SELECT m.* FROM {glossary} m JOIN {course_modules} c ON c.instance = m.id WHERE c.id = ?';
        return $DB->get_record_sql($sql, [$cmid], MUST_EXIST);
    }
}
