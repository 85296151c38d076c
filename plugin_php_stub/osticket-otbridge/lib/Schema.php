<?php

namespace Otbridge;

/**
 * The plugin's own tables: made when it starts for the first time, upgraded when a newer version starts.
 */
class Schema
{
    /**
     * What each version of the schema adds; never changed once released, only added to.
     */
    private const STEPS = [
        1 => [
            'CREATE TABLE IF NOT EXISTS {account} (
                org_id INT UNSIGNED NOT NULL PRIMARY KEY, overdraft_mh BIGINT NOT NULL, hour_price_kopecks BIGINT NULL)',
            // `ending` is 0 for a hold and 1 for what ends it: a hold begins once and ends once.
            'CREATE TABLE IF NOT EXISTS {ledger} (
                n BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, `key` VARCHAR(64) COLLATE utf8mb4_bin NOT NULL, kind VARCHAR(16) NOT NULL,
                org_id INT UNSIGNED NOT NULL, ticket_id INT UNSIGNED NULL, stage_n BIGINT UNSIGNED NULL, amount_mh BIGINT NOT NULL,
                hold_id VARCHAR(32) NULL, ending TINYINT NULL, reverses BIGINT UNSIGNED NULL, price_kopecks BIGINT NULL,
                charges MEDIUMTEXT NOT NULL, evidence MEDIUMTEXT NOT NULL, reason TEXT NOT NULL, made_by VARCHAR(128) NOT NULL, at CHAR(27) NOT NULL,
                UNIQUE (`key`), UNIQUE (hold_id, ending), UNIQUE (reverses), KEY (org_id, n), KEY (ticket_id))',
            'CREATE TABLE IF NOT EXISTS {key} (
                `key` VARCHAR(64) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, request CHAR(64) NOT NULL, status SMALLINT NOT NULL,
                body MEDIUMTEXT NOT NULL, token VARCHAR(80) NOT NULL, at CHAR(27) NOT NULL)',
            'CREATE TABLE IF NOT EXISTS {counter} (name VARCHAR(32) NOT NULL PRIMARY KEY, value BIGINT UNSIGNED NOT NULL)',
            "INSERT IGNORE INTO {counter} VALUES ('change', 0), ('event', 0), ('entry', 0)",
            'CREATE TABLE IF NOT EXISTS {ticket} (
                ticket_id INT UNSIGNED NOT NULL PRIMARY KEY, state VARCHAR(24) NOT NULL, version BIGINT UNSIGNED NOT NULL,
                `change` BIGINT UNSIGNED NOT NULL, agreed_at CHAR(27) NULL, withdrawn_at CHAR(27) NULL, updated_at CHAR(27) NOT NULL,
                events INT NOT NULL, entries INT NOT NULL, UNIQUE (`change`))',
            'CREATE TABLE IF NOT EXISTS {stage} (
                n BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, ticket_id INT UNSIGNED NOT NULL, position INT NOT NULL,
                title VARCHAR(255) NOT NULL, estimate_mh BIGINT NOT NULL, coefficient_milli BIGINT NOT NULL, state VARCHAR(24) NOT NULL,
                revision INT NOT NULL, accepted_at CHAR(27) NULL, rejected_at CHAR(27) NULL, comment TEXT NOT NULL, evidence MEDIUMTEXT NOT NULL,
                UNIQUE (ticket_id, position))',
            'CREATE TABLE IF NOT EXISTS {time_entry} (
                n BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, ticket_id INT UNSIGNED NOT NULL, stage_n BIGINT UNSIGNED NULL,
                specialist VARCHAR(128) NOT NULL, category VARCHAR(128) NOT NULL, minutes INT NOT NULL, at CHAR(27) NOT NULL, note TEXT NOT NULL,
                KEY (ticket_id))',
            'CREATE TABLE IF NOT EXISTS {note} (entry_id INT UNSIGNED NOT NULL PRIMARY KEY, text MEDIUMTEXT NOT NULL)',
            'CREATE TABLE IF NOT EXISTS {file} (
                n BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, file_id INT UNSIGNED NULL, ticket_id INT UNSIGNED NOT NULL,
                name VARCHAR(255) NOT NULL, media_type VARCHAR(255) NOT NULL, size BIGINT NOT NULL, sha256 CHAR(64) NOT NULL,
                UNIQUE (ticket_id, file_id, name))',
            'CREATE TABLE IF NOT EXISTS {token} (
                id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(80) NOT NULL, sha256 CHAR(64) NOT NULL, scopes VARCHAR(255) NOT NULL,
                org_id INT UNSIGNED NULL, created_at CHAR(27) NOT NULL, UNIQUE (sha256))',
            'CREATE TABLE IF NOT EXISTS {installation} (
                serial VARCHAR(64) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, otkey VARCHAR(255) NOT NULL, org_id INT UNSIGNED NULL)',
            'CREATE TABLE IF NOT EXISTS {nonce} (
                serial VARCHAR(64) COLLATE utf8mb4_bin NOT NULL, nonce VARCHAR(64) COLLATE utf8mb4_bin NOT NULL, until_second BIGINT NOT NULL,
                PRIMARY KEY (serial, nonce), KEY (until_second))',
        ],
        2 => [
            // Where each ticket was last told to stand, and where before: organization (0: none) and category.
            "CREATE TABLE IF NOT EXISTS {place} (
                ticket_id INT UNSIGNED NOT NULL PRIMARY KEY, org_id INT UNSIGNED NOT NULL, category VARCHAR(1000) COLLATE utf8mb4_bin NOT NULL,
                gone VARCHAR(8) NOT NULL, gone_into VARCHAR(32) NOT NULL, left_from MEDIUMTEXT NOT NULL)",
            'CREATE TABLE IF NOT EXISTS {topic} (topic_id INT UNSIGNED NOT NULL PRIMARY KEY, category VARCHAR(1000) COLLATE utf8mb4_bin NOT NULL)',
            // The help topic that the paid section of this name was, so that it is known when it has another name.
            'CREATE TABLE IF NOT EXISTS {section} (name VARCHAR(255) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, topic_id INT UNSIGNED NOT NULL)',
            'CREATE TABLE IF NOT EXISTS {bridge} (
                instance VARCHAR(64) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, org_id INT UNSIGNED NOT NULL, token VARCHAR(80) NOT NULL,
                first_at CHAR(27) NOT NULL, last_second BIGINT NOT NULL)',
            "INSERT IGNORE INTO {counter} VALUES ('bridge', 0)",
            'CREATE TABLE IF NOT EXISTS {audit} (
                n BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, at CHAR(27) NOT NULL, made_by VARCHAR(128) NOT NULL, what VARCHAR(32) NOT NULL,
                org_id INT UNSIGNED NULL, details TEXT NOT NULL, KEY (org_id, n))',
        ],
    ];

    /**
     * Bring the tables to this program's version; returns whether they are.
     *
     * MySQL ends a transaction with each table that is made, so a step that was interrupted is repeated: its statements bear that.
     *
     * @throws DatabaseError
     */
    public static function upgrade(Database $database): bool
    {
        $latest = (int) max(array_keys(self::STEPS));
        if (self::version($database) >= $latest) {
            return true;
        }
        if (!$database->takeName('schema')) {
            return false; // another request is at it
        }
        try {
            $database->rows('CREATE TABLE IF NOT EXISTS {schema} (version INT NOT NULL) ENGINE=InnoDB');
            for ($version = self::version($database) + 1; $version <= $latest; $version++) {
                foreach (self::STEPS[$version] as $statement) {
                    $made = strpos($statement, 'CREATE TABLE') === 0;
                    $database->rows($made ? "{$statement} ENGINE=InnoDB DEFAULT CHARSET=utf8mb4" : $statement);
                }
                $database->rows('INSERT INTO {schema} VALUES (?)', [$version]);
            }
        } finally {
            $database->releaseName('schema');
        }
        return true;
    }

    /**
     * The version that the tables have, 0 where there are none.
     */
    public static function version(Database $database): int
    {
        try {
            return $database->number('SELECT COALESCE(MAX(version), 0) FROM {schema}');
        } catch (DatabaseError $error) {
            return 0;
        }
    }
}
