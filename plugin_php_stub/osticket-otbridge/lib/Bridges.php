<?php

namespace Otbridge;

/**
 * One bridge at a time: the instance that wrote first keeps the others from writing to what it can reach, until it was silent for a day or is released.
 */
class Bridges
{
    private const INSTANCE = '/^[A-Za-z0-9-]{8,64}$/D';

    /** Seconds after which a bridge that says nothing counts no longer. */
    private const SILENCE = 86400;

    /** Seconds within which it is not written down again that a bridge was heard. */
    private const HEARD = 60;

    /** @var Database */
    private $database;

    public function __construct(Database $database)
    {
        $this->database = $database;
    }

    /** A bridge that has written reads: it is there. */
    public function hear(string $instance): void
    {
        $now = time();
        if ($instance !== '' && $this->database->row('SELECT 1 FROM {bridge} WHERE instance = ? AND last_second < ?', [$instance, $now - self::HEARD])) {
            $this->database->rows('UPDATE {bridge} SET last_second = ? WHERE instance = ?', [$now, $instance]);
        }
    }

    /**
     * Let a bridge write; a call that names no instance is not judged.
     *
     * @throws Problem `another_bridge`
     */
    public function admit(Access $access, string $instance): void
    {
        if ($instance === '') {
            return;
        }
        if (!preg_match(self::INSTANCE, $instance)) {
            throw Problem::invalid('Otbridge-Instance: must be 8 to 64 characters of A–Z, a–z, 0–9, -');
        }
        $reach = $access->orgId ?? 0;
        $known = $this->database->row('SELECT org_id, last_second FROM {bridge} WHERE instance = ?', [$instance]);
        if ($known !== null && (int) $known['org_id'] === $reach && (int) $known['last_second'] > time() - self::SILENCE) {
            $this->hear($instance);
            return;
        }
        $this->database->transaction(function () use ($access, $instance, $reach): void {
            $this->database->row("SELECT value FROM {counter} WHERE name = 'bridge' FOR UPDATE");
            $other = $this->database->row(
                'SELECT instance, last_second FROM {bridge} WHERE instance <> ? AND last_second > ? AND (org_id = 0 OR ? = 0 OR org_id = ?)
                 ORDER BY first_at LIMIT 1',
                [$instance, time() - self::SILENCE, $reach, $reach]
            );
            if ($other !== null) {
                throw new Problem(
                    'another_bridge',
                    "the bridge {$other['instance']} works on this portal; release it there where this one is to take its place",
                    ['instance' => $other['instance'], 'last_seen' => Portal::moment((int) $other['last_second'])]
                );
            }
            $this->database->rows(
                'INSERT INTO {bridge} (instance, org_id, token, first_at, last_second) VALUES (?, ?, ?, ?, ?)
                 ON DUPLICATE KEY UPDATE org_id = VALUES(org_id), token = VALUES(token), last_second = VALUES(last_second)',
                [$instance, $reach, $access->name, Portal::now(), time()]
            );
        });
    }

    /**
     * The bridges that keep others from writing, or did so once.
     *
     * @return array[] instance, token, first_at, last_second and the organization's name of each
     */
    public function all(): array
    {
        return $this->database->rows(
            'SELECT bridge.*, org.name AS org FROM {bridge} AS bridge LEFT JOIN {{organization}} AS org ON org.id = bridge.org_id ORDER BY first_at'
        );
    }

    /** Let another bridge take this one's place. */
    public function release(string $instance): void
    {
        $this->database->rows('DELETE FROM {bridge} WHERE instance = ?', [$instance]);
    }
}
