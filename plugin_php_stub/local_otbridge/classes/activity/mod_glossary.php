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
 * Activity: a glossary.
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
 * A glossary; core refuses one without a display format.
 */
class mod_glossary extends activity {
    /**
     * The settings.
     *
     * @return field[]
     */
    public function settings(): array {
        return [
            'displayformat' => field::text(50)->filled()->pattern('/^[a-z][a-z0-9_]*\z/')->default('dictionary'),
            'allowduplicatedentries' => field::bool()->default(false),
            'defaultapproval' => field::bool()->default(true),
            'allowcomments' => field::bool()->default(false),
            'usedynalink' => field::bool()->default(true),
            'entbypage' => field::int(1, 1000)->default(null),
        ];
    }

    /**
     * Look for faults.
     *
     * @param array $settings
     * @param checking $checking
     */
    public function check(array $settings, checking $checking): void {
        $formats = array_values(get_list_of_plugins('mod/glossary/formats', 'TEMPLATE'));
        $wanted = $settings['displayformat'];
        if (is_string($wanted) && !in_array($wanted, $formats, true)) {
            $checking->fault('settings.displayformat', 'paramchoice', ['value' => $wanted, 'choices' => implode(', ', $formats)]);
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
        return [
            'mainglossary' => 0, 'displayformat' => $settings['displayformat'], 'approvaldisplayformat' => 'default',
            'allowduplicatedentries' => (int) $settings['allowduplicatedentries'],
            'defaultapproval' => (int) $settings['defaultapproval'], 'allowcomments' => (int) $settings['allowcomments'],
            'usedynalink' => (int) $settings['usedynalink'], 'editalways' => 0, 'allowprintview' => 1, 'showspecial' => 1,
            'showalphabet' => 1, 'showall' => 1, 'globalglossary' => 0, 'scale' => 100, 'assessed' => 0,
            'entbypage' => $settings['entbypage'] ?? (int) ($GLOBALS['CFG']->glossary_entbypage ?? 10),
        ];
    }

    /**
     * Entries of people.
     *
     * @return array
     */
    public function traces(): array {
        return [['glossary_entries', 'glossaryid', 'timemodified', 'userid', '', false]];
    }
}
