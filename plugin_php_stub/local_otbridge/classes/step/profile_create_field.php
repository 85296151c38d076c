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
 * Step profile.create_field: a new field of people's profiles.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\step;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->dirroot . '/user/profile/lib.php');
require_once($GLOBALS['CFG']->dirroot . '/user/profile/definelib.php');

use context_system;
use core\event\user_info_category_created;
use local_otbridge\change;
use local_otbridge\checking;
use local_otbridge\field;
use local_otbridge\profile;
use local_otbridge\refusal;
use local_otbridge\scope;
use local_otbridge\step;
use local_otbridge\work;

/**
 * Makes a field, and its category when there is none of that name.
 */
class profile_create_field extends step {
    /** @var int[] who sees a field, by the words that programs use; teachers came with 4.0 */
    const VISIBLE = ['all' => 2, 'user' => 1, 'none' => 0];
    /** @var int[] years of a date without others */
    const YEARS = [1900, 2100];

    /**
     * Parameters.
     *
     * @return field[]
     */
    public function schema(): array {
        return [
            'shortname' => field::text(100)->filled()->pattern('/^[A-Za-z0-9_]+\z/'),
            'name' => field::text(1000)->filled(),
            'datatype' => field::choice(profile::TYPES),
            'category' => field::text(255)->filled(),
            'options' => field::items(field::text(1000)->filled(), 0, 1000)->default([]),
            'defaultvalue' => field::text(1000)->default(''),
            'descriptionhtml' => field::html()->default(''),
            'required' => field::bool()->default(false),
            'locked' => field::bool()->default(false),
            'unique' => field::bool()->default(false),
            'signup' => field::bool()->default(false),
            'visible' => field::choice(array_keys(self::VISIBLE))->default('all'),
        ];
    }

    /**
     * Results; `input` is the field's name in forms and tables.
     *
     * @return string[]
     */
    public function results(): array {
        return ['id' => 'int', 'shortname' => 'text', 'input' => 'text'];
    }

    /**
     * Capabilities: core asks for this one on the page of the fields.
     *
     * @return string[]
     */
    public function needs(): array {
        return ['moodle/user:update'];
    }

    /**
     * Capabilities in their contexts.
     *
     * @param array $params
     * @param scope $scope
     * @return array
     */
    public function capabilities(array $params, scope $scope): array {
        return [['moodle/user:update', context_system::instance()]];
    }

    /**
     * Short names may repeat for the database.
     *
     * @param array $params
     * @return string[]
     */
    public function locks(array $params): array {
        return ['profilefields'];
    }

    /**
     * Look for faults.
     *
     * @param array $params
     * @param checking $checking
     */
    public function check(array $params, checking $checking): void {
        global $DB;

        $shortname = (string) $params['shortname'];
        $taken = $DB->record_exists_select('user_info_field', $DB->sql_equal('shortname', ':name', false), ['name' => $shortname]);
        if ($taken || !$checking->claim('profile.field', $shortname)) {
            $checking->fault('shortname', 'shortnametaken', ['shortname' => $shortname]);
        }
        $options = array_map('strval', $params['options']);
        $menu = $params['datatype'] === 'menu';
        if ($menu ? count($options) < 2 : (bool) $options) {
            $facts = ['count' => count($options), 'min' => $menu ? 2 : 0, 'max' => $menu ? 1000 : 0];
            $checking->fault('options', 'paramcount', $facts);
        }
        foreach (array_diff_key($options, array_unique($options)) as $index => $option) {
            $checking->fault("options[$index]", 'optiontwice', ['option' => $option]);
        }
        $default = (string) $params['defaultvalue'];
        if ($default !== '' && (!in_array($params['datatype'], ['text', 'menu', 'checkbox'], true)
                || profile::value($this->row($params), $default) === null)) {
            $facts = ['field' => $shortname, 'value' => $default, 'choices' => $menu ? implode(', ', $options) : '-'];
            $checking->fault('defaultvalue', 'profilevalue', $facts);
        }
    }

    /**
     * Make the field.
     *
     * @param array $params
     * @param work $work
     * @return array
     */
    public function run(array $params, work $work): array {
        global $CFG, $DB;

        $category = $DB->get_records('user_info_category', ['name' => $params['category']], 'id', 'id', 0, 1);
        $work->remember(['newcategory' => !$category]);
        if ($category) {
            $categoryid = (int) reset($category)->id;
        } else {
            $sortorder = $DB->count_records('user_info_category') + 1;
            $categoryid = (int) $DB->insert_record('user_info_category', (object) [
                'name' => $params['category'], 'sortorder' => $sortorder,
            ]);
            user_info_category_created::create_from_category(
                $DB->get_record('user_info_category', ['id' => $categoryid])
            )->trigger();
        }
        require_once("$CFG->dirroot/user/profile/field/{$params['datatype']}/define.class.php");
        $class = 'profile_define_' . $params['datatype'];
        $row = $this->row($params);
        $row->categoryid = $categoryid;
        (new $class())->define_save($row);
        $found = $DB->get_record('user_info_field', ['shortname' => $params['shortname']], '*', MUST_EXIST);
        if ($params['required']) {
            $this->spare_services((int) $found->id);
        }
        $work->remember(['field' => array_diff_key((array) $found, ['sortorder' => 1]), 'category' => $categoryid]);
        return ['id' => (int) $found->id, 'shortname' => $found->shortname, 'input' => profile::PREFIX . $found->shortname];
    }

    /**
     * Somebody changed the field. What people filled in is looked at when it is taken back, after the accounts of the same order.
     *
     * @param array $params
     * @param array $results
     * @param int $since
     * @param work $work
     * @return change|null
     */
    public function changed(array $params, array $results, int $since, work $work): ?change {
        global $DB;

        $row = $DB->get_record('user_info_field', ['id' => $results['id']]);
        if (!$row) {
            return null;
        }
        $same = array_map('strval', array_intersect_key((array) $row, $work->recall()['field']))
            === array_map('strval', $work->recall()['field']);
        return $same ? null : new change($row->shortname);
    }

    /**
     * Delete the field, and its category when that came with it and is empty.
     *
     * @param array $params
     * @param array $results
     * @param work $work
     */
    public function undo(array $params, array $results, work $work): void {
        global $DB;

        if ($this->is_used((int) $results['id'])) {
            throw new refusal('profilefieldused', ['field' => $results['shortname']]);
        }
        if ($DB->record_exists('user_info_field', ['id' => $results['id']])) {
            profile_delete_field($results['id']);
        }
        $categoryid = (int) ($work->recall()['category'] ?? 0);
        if (!empty($work->recall()['newcategory']) && !$DB->record_exists('user_info_field', ['categoryid' => $categoryid])
                && $DB->record_exists('user_info_category', ['id' => $categoryid])) {
            // Core's own function moves fields to a neighbour, and keeps the last category for ever.
            $DB->delete_records('user_info_category', ['id' => $categoryid]);
            profile_reorder_categories();
        }
    }

    /**
     * What is known of profiles is cached since 4.0.
     *
     * @param array $params
     * @param array $results
     */
    public function refresh(array $params, array $results): void {
        if (function_exists('profile_purge_user_fields_cache')) {
            profile_purge_user_fields_cache();
        }
    }

    /**
     * Until somebody has filled in a required field, Moodle refuses every web service call of theirs: `usernotfullysetup`. Accounts
     * of services fill in no forms, so they get a nought; the bridge's own could not even take the field back.
     *
     * @param int $fieldid
     */
    private function spare_services(int $fieldid): void {
        global $DB, $USER;

        $services = $DB->get_fieldset_sql(
            'SELECT DISTINCT t.userid
               FROM {external_tokens} t
               JOIN {external_services} s ON s.id = t.externalserviceid
              WHERE t.tokentype = ? AND (s.shortname IS NULL OR s.shortname <> ?)',
            [EXTERNAL_TOKEN_PERMANENT, MOODLE_OFFICIAL_MOBILE_SERVICE]
        );
        foreach (array_unique(array_merge(array_map('intval', $services), [(int) $USER->id])) as $userid) {
            $DB->insert_record('user_info_data', (object) ['userid' => $userid, 'fieldid' => $fieldid, 'data' => '0']);
        }
    }

    /**
     * The field as core's form gives it.
     *
     * @param array $params
     * @return \stdClass
     */
    private function row(array $params): \stdClass {
        $type = $params['datatype'];
        $text = ['param1' => 30, 'param2' => 2048, 'param3' => 0, 'param4' => '', 'param5' => ''];
        $own = [
            'text' => $text,
            'menu' => ['param1' => implode("\n", array_map('strval', $params['options']))],
            'datetime' => ['param1' => self::YEARS[0], 'param2' => self::YEARS[1], 'startday' => 1, 'startmonth' => 1, 'endday' => 1, 'endmonth' => 1,
                'startyear' => self::YEARS[0], 'endyear' => self::YEARS[1]],
        ];
        $default = (string) $params['defaultvalue'];
        if ($type === 'checkbox') {
            $default = profile::WORDS[\core_text::strtolower($default)] ?? '0';
        }
        return (object) (($own[$type] ?? []) + [
            'shortname' => $params['shortname'], 'name' => $params['name'], 'datatype' => $type,
            'description' => $params['descriptionhtml'], 'descriptionformat' => FORMAT_HTML,
            'required' => (int) $params['required'], 'locked' => (int) $params['locked'], 'forceunique' => (int) $params['unique'],
            'signup' => (int) $params['signup'], 'visible' => self::VISIBLE[$params['visible']],
            'defaultdata' => $default, 'defaultdataformat' => $type === 'textarea' ? FORMAT_HTML : FORMAT_MOODLE,
        ]);
    }

    /**
     * Whether somebody has a value other than nothing in the field.
     *
     * @param int $fieldid
     * @return bool
     */
    private function is_used(int $fieldid): bool {
        global $DB;

        $filled = "fieldid = ? AND " . $DB->sql_compare_text('data', 10) . " NOT IN ('', '0')
            AND userid IN (SELECT id FROM {user} WHERE deleted = 0)";
        return $DB->record_exists_select('user_info_data', $filled, [$fieldid]);
    }
}
