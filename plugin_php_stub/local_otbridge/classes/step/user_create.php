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
 * Step user.create: a new account.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge\step;

defined('MOODLE_INTERNAL') || die();

require_once($GLOBALS['CFG']->dirroot . '/user/lib.php');

use context_system;
use core\event\user_created;
use core_text;
use core_user;
use local_otbridge\change;
use local_otbridge\checking;
use local_otbridge\field;
use local_otbridge\accounts;
use local_otbridge\profile;
use local_otbridge\refusal;
use local_otbridge\scope;
use local_otbridge\step;
use local_otbridge\work;

/**
 * Makes an account. Moodle's own task makes the password and mails it; nobody else ever sees it.
 */
class user_create extends step {
    /**
     * Parameters.
     *
     * @return field[]
     */
    public function schema(): array {
        $columns = array_map(static function ($longest) {
            return field::text($longest)->default('');
        }, accounts::COLUMNS);
        return [
            'username' => field::text(100)->filled(),
            'firstname' => field::text(100)->filled(),
            'lastname' => field::text(100)->filled(),
            'email' => field::text(100)->filled(),
            'auth' => field::text(20)->default('manual'),
        ] + $columns + [
            'profile' => field::items(field::structure([
                'field' => field::text(255)->filled(), 'value' => field::lines(4000),
            ]), 0, 100)->default([]),
        ];
    }

    /**
     * Results.
     *
     * @return string[]
     */
    public function results(): array {
        return ['id' => 'user', 'username' => 'text', 'fullname' => 'text'];
    }

    /**
     * Capabilities.
     *
     * @return string[]
     */
    public function needs(): array {
        return ['moodle/user:create'];
    }

    /**
     * Capabilities in their contexts.
     *
     * @param array $params
     * @param scope $scope
     * @return array
     */
    public function capabilities(array $params, scope $scope): array {
        return [['moodle/user:create', context_system::instance()]];
    }

    /**
     * One login, one person.
     *
     * @param array $params
     * @return string[]
     */
    public function locks(array $params): array {
        return ['people'];
    }

    /**
     * Look for faults.
     *
     * @param array $params
     * @param checking $checking
     */
    public function check(array $params, checking $checking): void {
        $this->check_login($params, $checking);
        $this->check_email((string) $params['email'], $checking);
        if ($params['idnumber'] !== '') {
            $taken = accounts::with('idnumber', (string) $params['idnumber']) !== null;
            if ($taken || !$checking->claim('user.idnumber', (string) $params['idnumber'])) {
                $checking->fault('idnumber', 'idnumbertaken', ['idnumber' => (string) $params['idnumber']]);
            }
        }
        if ($params['country'] !== '' && !isset(get_string_manager()->get_list_of_countries(true)[$params['country']])) {
            $checking->fault('country', 'countrynotfound', ['country' => (string) $params['country']]);
        }
        if ($params['lang'] !== '' && !isset(get_string_manager()->get_list_of_translations()[$params['lang']])) {
            $checking->fault('lang', 'langnotfound', ['lang' => (string) $params['lang']]);
        }
        if (!in_array($params['auth'], accounts::auths(), true) || !is_enabled_auth($params['auth'])) {
            $checking->fault('auth', 'authnotallowed', ['auth' => (string) $params['auth']]);
        }
        $this->check_profile($params['profile'], $checking);
    }

    /**
     * Make the account.
     *
     * @param array $params
     * @param work $work
     * @return array
     */
    public function run(array $params, work $work): array {
        global $CFG;

        $wanted = array_diff_key($params, ['profile' => true]);
        foreach (['lang', 'country', 'city'] as $column) {
            if ($wanted[$column] === '') {
                $wanted[$column] = (string) core_user::get_property_default($column);
            }
        }
        $wanted['country'] = $wanted['country'] === '0' ? '' : $wanted['country'];
        $internal = get_auth_plugin($wanted['auth'])->is_internal();
        $id = (int) user_create_user((object) ($wanted + [
            'mnethostid' => $CFG->mnet_localhost_id, 'confirmed' => 1,
            'password' => $internal ? 'to be generated' : AUTH_PASSWORD_NOT_CACHED,
        ]), false, false);
        $differing = accounts::differing($id, $wanted);
        if ($differing) {
            user_update_user((object) (['id' => $id] + array_intersect_key($wanted, array_flip($differing))), false, false);
            $differing = accounts::differing($id, $wanted);
        }
        if ($differing) {
            throw new refusal('notstored', ['fields' => implode(', ', $differing)]);
        }
        profile::store($id, array_column($params['profile'], 'value', 'field'));
        if ($internal) {
            // As core's own upload of users does: a task of core's makes the password and mails it.
            set_user_preference('create_password', 1, $id);
            set_user_preference('auth_forcepasswordchange', 1, $id);
        }
        user_created::create_from_userid($id)->trigger();
        return ['id' => $id, 'username' => $wanted['username'], 'fullname' => fullname(core_user::get_user($id))];
    }

    /**
     * The person came, or somebody enrolled or changed the account.
     *
     * @param array $params
     * @param array $results
     * @param int $since
     * @param work $work
     * @return change|null
     */
    public function changed(array $params, array $results, int $since, work $work): ?change {
        global $DB;

        $user = $DB->get_record('user', ['id' => $results['id'], 'deleted' => 0]);
        if (!$user) {
            return null;
        }
        if ($user->firstaccess || $user->lastlogin || $user->currentlogin) {
            return new change("$user->username: login", (int) max($user->firstaccess, $user->currentlogin), (int) $user->id);
        }
        return $user->timemodified > $since ? new change($user->username, (int) $user->timemodified) : null;
    }

    /**
     * Delete the account, as core does: its row stays, without a login and an address.
     *
     * @param array $params
     * @param array $results
     * @param work $work
     */
    public function undo(array $params, array $results, work $work): void {
        global $DB;

        $user = $DB->get_record('user', ['id' => $results['id'], 'deleted' => 0]);
        if ($user) {
            delete_user($user);
        }
    }

    /**
     * Whether the login can be one, and is nobody's.
     *
     * @param array $params
     * @param checking $checking
     */
    private function check_login(array $params, checking $checking): void {
        global $DB;

        $username = (string) $params['username'];
        if ($username !== core_text::strtolower($username) || $username !== core_user::clean_field($username, 'username')) {
            $checking->fault('username', 'usernameform', ['username' => $username]);
            return;
        }
        if ($DB->record_exists('user', ['username' => $username]) || !$checking->claim('user.username', $username)) {
            $checking->fault('username', 'usernametaken', ['username' => $username]);
            return;
        }
        $admin = accounts::like_an_administrator($username);
        if ($admin !== null) {
            $checking->fault('username', 'usernamealike', ['username' => $username]);
        }
    }

    /**
     * Whether the address can be one, is allowed here, and is nobody's.
     *
     * @param string $email
     * @param checking $checking
     */
    private function check_email(string $email, checking $checking): void {
        if (!validate_email($email)) {
            $checking->fault('email', 'emailform', ['email' => $email]);
            return;
        }
        if (email_is_not_allowed($email)) {
            $checking->fault('email', 'emailnotallowed', ['email' => $email]);
            return;
        }
        $other = accounts::with('email', $email);
        if ($other !== null || !$checking->claim('user.email', $email)) {
            $checking->fault('email', 'emailtaken', ['email' => $email, 'username' => $other === null ? '' : $other->username]);
        }
    }

    /**
     * Whether the profile has the fields, and each can hold its value.
     *
     * @param array $given
     * @param checking $checking
     */
    private function check_profile(array $given, checking $checking): void {
        global $DB;

        foreach ($given as $index => $one) {
            $path = "profile[$index].field";
            if ($checking->planned($one['field'], 'profile.create_field') !== null || !is_string($one['field'])) {
                continue; // Looked at again when the field is there.
            }
            $fault = profile::fault($one['field'], [(string) $one['value']]);
            if ($fault !== null) {
                $checking->fault($path, $fault[0], $fault[1]);
                continue;
            }
            $field = profile::fields($one['field'])[0];
            if (in_array($field->shortname, array_map('strval', array_column(array_slice($given, 0, $index), 'field')), true)) {
                $checking->fault($path, 'profilefieldtwice', ['field' => $one['field']]);
            }
            $value = profile::value($field, $one['value']);
            $same = 'fieldid = ? AND ' . $DB->sql_compare_text('data', 255) . ' = ' . $DB->sql_compare_text('?', 255);
            if ($field->forceunique && $value !== '' && ($DB->record_exists_select('user_info_data', $same, [$field->id, $value])
                    || !$checking->claim('user.profile.' . $field->id, $value))) {
                $checking->fault("profile[$index].value", 'profilevaluetaken', ['field' => $one['field'], 'value' => $value]);
            }
        }
    }
}
