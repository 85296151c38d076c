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
 * Whose data a backup holds, and which accounts they go to.
 *
 * @package    local_otbridge
 * @copyright  2026 The norm-hours bridge authors
 * @license    http://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_otbridge;

use stdClass;

/**
 * Decides for each person of a backup which account the data go to. Core alone gives a renamed person a new
 * account under the old login, gives the data of one who was made anew to the deleted account, and ends the
 * whole restore where a login is another's.
 */
class people {
    /** @var int bytes of users.xml that are read */
    const MOST = 268435456;
    /** @var int bytes of a backup up to which a plan names people */
    const MOST_AT_PLAN = 209715200;
    /** @var int people of a kind that are named */
    const MOST_NAMES = 20;

    /** @var bool */
    private $samesite;
    /** @var string[] what the order says: a login now, by the login in the backup; empty: left out */
    private $ordered = [];
    /** @var stdClass[] accounts by id */
    private $byid = [];
    /** @var stdClass[] accounts by login */
    private $bylogin = [];

    /**
     * Prepare.
     *
     * @param bool $samesite whether the backup's ids are this site's
     * @param array $ordered of [login, account]
     */
    public function __construct(bool $samesite, array $ordered) {
        $this->samesite = $samesite;
        foreach ($ordered as $one) {
            $this->ordered[$one['login']] = $one['account'];
        }
    }

    /**
     * The text of users.xml in a file.
     *
     * @param backup_file $file
     * @return string empty: no people in it, or too large to be read now
     */
    public static function text(backup_file $file): string {
        $archive = archive::open($file);
        try {
            foreach ($archive->members() as $name => $size) {
                if ($name === 'users.xml' && $size <= self::MOST) {
                    return $archive->text();
                }
            }
            return '';
        } finally {
            $archive->close();
        }
    }

    /**
     * Decide for all.
     *
     * @param string $xml users.xml
     * @return stdClass[] those for whom there is something to say or to do: kind, login, name, id (in the
     *     backup), account
     *     (an account or null)
     * @throws refusal `accountnotfound`, `personnotfound`
     */
    public function decide(string $xml): array {
        $persons = self::read($xml);
        $this->load($persons);
        $taken = [];
        foreach ($persons as $person) {
            [$person->kind, $person->account] = $this->judge($person);
            $taken[$person->account->id ?? 0][] = $person;
        }
        unset($taken[0]);
        foreach ($taken as $several) {
            $this->separate($several);
        }
        $found = array_values(array_filter($persons, static function (stdClass $person): bool {
            return $person->kind !== 'same';
        }));
        foreach (array_diff(array_keys($this->ordered), array_column($persons, 'login')) as $login) {
            throw new refusal('personnotfound', ['login' => $login]);
        }
        return $found;
    }

    /**
     * In words, of each kind some.
     *
     * @param stdClass[] $decisions
     * @return string[]
     */
    public static function words(array $decisions): array {
        $words = [];
        $count = [];
        foreach ($decisions as $one) {
            $count[$one->kind] = ($count[$one->kind] ?? 0) + 1;
            if ($count[$one->kind] <= self::MOST_NAMES) {
                $words[] = language::say('person' . $one->kind, (object) [
                    'name' => $one->name, 'login' => $one->login, 'now' => $one->account->username ?? '',
                ]);
            }
        }
        foreach ($count as $many) {
            if ($many > self::MOST_NAMES) {
                $words[] = language::say('andmore', $many - self::MOST_NAMES);
            }
        }
        return $words;
    }

    /**
     * Let core find the account that was decided on: by login and address, which are those of the account
     * from now on.
     *
     * @param string $path of the unpacked users.xml
     * @param stdClass[] $decisions with an account each, but for those who are made anew
     */
    public function write(string $path, array $decisions): void {
        $accounts = $this->byid;
        foreach ($decisions as $one) {
            $accounts[$one->id] = $one->account;
        }
        $xml = preg_replace_callback('~<user id="(\d+)".*?</user>~s', static function (array $found) use ($accounts): string {
            $account = $accounts[(int) $found[1]] ?? null;
            if ($account === null) {
                return $found[0];
            }
            $text = $found[0];
            foreach (['username', 'email', 'firstaccess'] as $field) {
                $value = htmlspecialchars((string) $account->$field, ENT_NOQUOTES, 'UTF-8');
                $text = preg_replace_callback("~<$field>[^<]*</$field>~", static function () use ($field, $value): string {
                    return "<$field>$value</$field>";
                }, $text, 1);
            }
            return $text;
        }, file_get_contents($path));
        file_put_contents($path, $xml);
    }

    /**
     * An account that nobody can use, for the data of one who is left out: what others answered to them stays
     * whole.
     *
     * @param stdClass $person
     * @return stdClass
     */
    public static function stand_in(stdClass $person): stdClass {
        global $CFG, $DB;

        $name = 'otbridge.' . random_string(20) . '.' . time();
        $id = $DB->insert_record('user', (object) [
            'username' => \core_text::strtolower($name), 'email' => md5($name), 'auth' => 'nologin', 'deleted' => 1, 'suspended' => 1,
            'firstname' => language::say('leftout'), 'lastname' => '-', 'mnethostid' => $CFG->mnet_localhost_id,
            'timecreated' => time(), 'timemodified' => time(), 'firstaccess' => 0,
        ]);
        return $DB->get_record('user', ['id' => $id]);
    }

    /**
     * People of a backup; those of other hosts of a network (MNet) are left to core.
     *
     * @param string $xml
     * @return stdClass[]
     */
    private static function read(string $xml): array {
        $found = [];
        preg_match_all('~<user id="(\d+)".*?</user>~s', $xml, $all, PREG_SET_ORDER);
        foreach ($all as [$text, $id]) {
            $one = (object) ['id' => (int) $id];
            foreach (['username', 'email', 'firstname', 'lastname', 'deleted', 'firstaccess', 'mnethosturl'] as $field) {
                $value = preg_match("~<$field>([^<]*)</$field>~", $text, $told) ? html_entity_decode($told[1], ENT_QUOTES, 'UTF-8') : '';
                $one->$field = $value === backup_header::NULL_VALUE ? '' : $value;
            }
            if ($one->mnethosturl === '') {
                $one->login = $one->username;
                $one->name = trim($one->firstname . ' ' . $one->lastname);
                $found[] = $one;
            }
        }
        return $found;
    }

    /**
     * Load the accounts that they may be.
     *
     * @param stdClass[] $persons
     */
    private function load(array $persons): void {
        global $CFG, $DB;

        $fields = 'id, username, email, firstname, lastname, deleted, firstaccess';
        foreach (array_chunk($this->samesite ? array_column($persons, 'id') : [], 1000) as $some) {
            $this->byid += $DB->get_records_list('user', 'id', $some, '', $fields);
        }
        $logins = array_merge(array_column($persons, 'username'), array_filter($this->ordered, 'strlen'));
        foreach (array_chunk(array_values(array_unique($logins)), 1000) as $some) {
            [$in, $params] = $DB->get_in_or_equal($some);
            $params[] = $CFG->mnet_localhost_id;
            foreach ($DB->get_records_select('user', "username $in AND mnethostid = ?", $params, '', $fields) as $one) {
                $this->bylogin[$one->username] = $one;
            }
        }
    }

    /**
     * Decide for one.
     *
     * @param stdClass $person
     * @return array kind, account
     */
    private function judge(stdClass $person): array {
        if (isset($this->ordered[$person->login])) {
            return $this->ordered($person);
        }
        $was = $this->byid[$person->id] ?? null;
        $bearer = $this->bylogin[$person->login] ?? null;
        if ($was !== null && ($was->username === $person->login || $person->deleted)) {
            return ['same', $was];
        }
        if ($was !== null && !$was->deleted && self::is_person($was, $person)) {
            return ['renamed', $was];
        }
        if ($bearer !== null && !$bearer->deleted) {
            $same = self::is_address($bearer, $person)
                || (!$this->samesite && (int) $person->firstaccess && $bearer->firstaccess === $person->firstaccess);
            return $same ? [$this->samesite ? 'anew' : 'same', $bearer] : ['taken', null];
        }
        if ($was !== null) {
            return $was->deleted ? ['gone', $was] : ['reused', null];
        }
        return $person->deleted || !$this->samesite ? ['same', null] : ['created', null];
    }

    /**
     * One account takes the data of one person alone: whose it is by id, or by the order's word.
     *
     * @param stdClass[] $persons of one account
     */
    private function separate(array $persons): void {
        if (count($persons) < 2) {
            return;
        }
        foreach ($persons as $person) {
            if ($person->kind === 'mapped') {
                throw new refusal('accounttwice', ['login' => $person->account->username]);
            }
            if ($person->kind === 'anew') {
                [$person->kind, $person->account] = ['taken', null];
            }
        }
    }

    /**
     * What the order says of one.
     *
     * @param stdClass $person
     * @return array kind, account
     */
    private function ordered(stdClass $person): array {
        $login = $this->ordered[$person->login];
        if ($login === '') {
            return ['leftout', null];
        }
        $account = $this->bylogin[$login] ?? null;
        if ($account === null || $account->deleted) {
            throw new refusal('accountnotfound', ['login' => $login]);
        }
        return ['mapped', $account];
    }

    /**
     * Whether an account whose login changed is still the same person's: address or both names are as they
     * were.
     *
     * @param stdClass $account
     * @param stdClass $person
     * @return bool
     */
    private static function is_person(stdClass $account, stdClass $person): bool {
        return self::is_address($account, $person)
            || ($account->firstname === $person->firstname && $account->lastname === $person->lastname);
    }

    /**
     * Whether the address is the same.
     *
     * @param stdClass $account
     * @param stdClass $person
     * @return bool
     */
    private static function is_address(stdClass $account, stdClass $person): bool {
        return $person->email !== '' && \core_text::strtolower($account->email) === \core_text::strtolower($person->email);
    }
}
