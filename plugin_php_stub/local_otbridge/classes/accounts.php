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
 * Accounts: who may be touched, and what was stored.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use core_text;

/**
 * What the steps for people have in common.
 */
class accounts {
    /** @var int[] columns of an account that an order may fill, with the characters that each holds */
    const COLUMNS = [
        'idnumber' => 255, 'institution' => 255, 'department' => 255, 'phone1' => 20, 'phone2' => 20, 'address' => 255, 'city' => 120,
        'country' => 2, 'lang' => 30, 'middlename' => 255,
    ];
    /** @var string[] ways to log in that no account of an order gets, whatever the settings say */
    const NEVER = ['nologin', 'webservice'];

    /**
     * Whether an account may get nothing by an order: the guest's, and the one that works for the bridge.
     *
     * @param int $userid
     * @return bool
     */
    public static function is_protected(int $userid): bool {
        global $USER;
        return isguestuser($userid) || $userid === (int) $USER->id;
    }

    /**
     * Ways to log in that new accounts may have, as the administrator set it.
     *
     * @return string[]
     */
    public static function auths(): array {
        $set = get_config('local_otbridge', 'auths');
        return array_diff(explode(',', $set === false ? 'manual' : $set), self::NEVER);
    }

    /**
     * The account with a value in a column, whatever the case of its letters.
     *
     * @param string $column
     * @param string $value
     * @return \stdClass|null
     */
    public static function with(string $column, string $value): ?\stdClass {
        global $DB;

        $found = $DB->get_records_select(
            'user',
            $DB->sql_equal($column, ':value', false) . ' AND deleted = 0',
            ['value' => $value],
            'id',
            'id, username',
            0,
            1
        );
        return $found ? reset($found) : null;
    }

    /**
     * The administrator whose login looks like another, though it is another: `adm1n`, `аdmin` with a Cyrillic а.
     *
     * @param string $username
     * @return string|null the administrator's login
     */
    public static function like_an_administrator(string $username): ?string {
        foreach (get_admins() as $admin) {
            if ($admin->username !== $username && self::shape($admin->username) === self::shape($username)) {
                return $admin->username;
            }
        }
        return null;
    }

    /**
     * What the eye sees of a login.
     *
     * @param string $username
     * @return string
     */
    public static function shape(string $username): string {
        $plain = strtr(core_text::strtolower($username), ['0' => 'o', '1' => 'l', 'i' => 'l', 'rn' => 'm', 'vv' => 'w']);
        return preg_replace('/[-._@]/', '', $plain);
    }

    /**
     * What stands in the database otherwise than it was ordered: this site's own code may change what it is given.
     *
     * @param int $userid
     * @param array $wanted by column
     * @return string[] names of columns
     */
    public static function differing(int $userid, array $wanted): array {
        global $DB;

        $row = (array) $DB->get_record('user', ['id' => $userid], '*', MUST_EXIST);
        return array_keys(array_filter($wanted, static function ($value, $column) use ($row) {
            return (string) $row[$column] !== (string) $value;
        }, ARRAY_FILTER_USE_BOTH));
    }
}
