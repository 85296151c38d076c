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
 * Fields of people's profiles, and their values.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->dirroot . '/user/profile/lib.php');

use core_text;
use stdClass;

/**
 * Reads a value as a field keeps it, or says what is wrong with it: core stores an unknown choice as an empty one, and ignores a
 * field that it does not know.
 */
class profile {
    /** @var string what stands before the short name in forms and tables */
    const PREFIX = 'profile_field_';
    /** @var string[] kinds of fields that a step makes */
    const TYPES = ['text', 'menu', 'checkbox', 'datetime', 'textarea'];
    /** @var string[] words for yes and no */
    const WORDS = [
        '1' => '1', 'yes' => '1', 'true' => '1', 'да' => '1', '0' => '0', 'no' => '0', 'false' => '0', 'нет' => '0', '' => '0',
    ];

    /**
     * A field.
     *
     * @param string $shortname with or without {@see self::PREFIX}
     * @return stdClass[] none, one, or several: short names may repeat
     */
    public static function fields(string $shortname): array {
        global $DB;

        $bare = strpos($shortname, self::PREFIX) === 0 ? substr($shortname, strlen(self::PREFIX)) : $shortname;
        return array_values($DB->get_records('user_info_field', ['shortname' => $bare], 'id'));
    }

    /**
     * Look at a field and at values for it.
     *
     * @param string $shortname
     * @param string[] $values
     * @return array|null code and facts of the fault; null: none
     */
    public static function fault(string $shortname, array $values): ?array {
        $fields = self::fields($shortname);
        if (count($fields) !== 1) {
            return [$fields ? 'profilefieldtwice' : 'unknownprofilefield', ['field' => $shortname]];
        }
        foreach ($values as $value) {
            if (self::value($fields[0], $value) === null) {
                return ['profilevalue', ['field' => $shortname, 'value' => $value, 'choices' => self::choices($fields[0])]];
            }
        }
        return null;
    }

    /**
     * A value as the field keeps it.
     *
     * @param stdClass $field
     * @param string $value
     * @return string|null null: the field cannot hold it
     */
    public static function value(stdClass $field, string $value): ?string {
        $value = trim($value);
        switch ($field->datatype) {
            case 'menu':
                return in_array($value, self::options($field), true) || $value === '' ? $value : null;
            case 'checkbox':
                return self::WORDS[core_text::strtolower($value)] ?? null;
            case 'datetime':
                return self::moment($field, $value);
            case 'text':
                $longest = (int) $field->param2 ?: 2048;
                return core_text::strlen($value) <= $longest ? $value : null;
            default:
                return $value;
        }
    }

    /**
     * Store values of an account, and look whether they are there.
     *
     * @param int $userid
     * @param string[] $values by short name
     * @throws refusal `notstored`
     */
    public static function store(int $userid, array $values): void {
        global $DB;

        $data = (object) ['id' => $userid];
        $wanted = [];
        foreach ($values as $shortname => $value) {
            $field = self::fields($shortname)[0];
            $wanted[$field->id] = self::value($field, $value);
            $data->{self::PREFIX . $field->shortname} = $field->datatype === 'textarea'
                ? ['text' => $wanted[$field->id], 'format' => FORMAT_PLAIN] : $wanted[$field->id];
        }
        if (!$wanted) {
            return;
        }
        profile_save_data($data);
        $stored = $DB->get_records_menu('user_info_data', ['userid' => $userid], '', 'fieldid, data');
        foreach ($wanted as $fieldid => $value) {
            if ((string) ($stored[$fieldid] ?? '') !== $value) {
                throw new refusal('notstored', ['fields' => $DB->get_field('user_info_field', 'shortname', ['id' => $fieldid])]);
            }
        }
    }

    /**
     * What a menu offers.
     *
     * @param stdClass $field
     * @return string[]
     */
    private static function options(stdClass $field): array {
        return $field->datatype === 'menu' ? array_map('trim', explode("\n", (string) $field->param1)) : [];
    }

    /**
     * What a field can hold, for people.
     *
     * @param stdClass $field
     * @return string
     */
    private static function choices(stdClass $field): string {
        switch ($field->datatype) {
            case 'menu':
                return shorten_text(implode(', ', self::options($field)), 300);
            case 'checkbox':
                return '0, 1';
            case 'datetime':
                return "YYYY-MM-DD, $field->param1 - $field->param2";
            default:
                return '1 - ' . ((int) $field->param2 ?: 2048);
        }
    }

    /**
     * A moment as Moodle keeps it: core pushes a year that the field does not have to the nearest one without a word.
     *
     * @param stdClass $field
     * @param string $value as 2026-12-31 or 31.12.2026, perhaps with a time
     * @return string|null
     */
    private static function moment(stdClass $field, string $value): ?string {
        if ($value === '') {
            return '0';
        }
        $form = '/^(?:(\d{4})-(\d\d)-(\d\d)|(\d\d?)\.(\d\d?)\.(\d{4}))(?:[ T](\d\d):(\d\d))?\z/';
        if (!preg_match($form, $value, $part)) {
            return null;
        }
        [$year, $month, $day] = $part[1] !== '' ? [$part[1], $part[2], $part[3]] : [$part[6], $part[5], $part[4]];
        if (!checkdate((int) $month, (int) $day, (int) $year) || $year < $field->param1 || $year > $field->param2) {
            return null;
        }
        $timed = !empty($field->param3);
        return (string) make_timestamp($year, $month, $day, $timed ? (int) ($part[7] ?? 0) : 0, $timed ? (int) ($part[8] ?? 0) : 0);
    }
}
