<?php

namespace Otbridge;

/**
 * The order of changes: each ticket's version, and its place in the order in which changes were committed.
 *
 * osTicket's own changes leave messages and events, which are counted; they are taken up when somebody asks for tickets. Their numbers are given out
 * before they are committed, so the newest ones are looked at again each time.
 */
class Changes
{
    /** Numbers that are looked at again. */
    private const OVERLAP = 500;

    /** Numbers that one transaction looks at. */
    private const STEP = 1000;

    /** Seconds that a request may spend on what was changed before. */
    private const SECONDS = 5;

    /** @var Database */
    private $database;

    /** @var Files */
    private $files;

    public function __construct(Database $database, Files $files)
    {
        $this->database = $database;
        $this->files = $files;
    }

    /**
     * Count a change of the ticket; returns its version. Whoever counts holds the counter until the transaction ends, so places are committed in order.
     */
    public function touch(int $ticketId): int
    {
        $place = $this->next();
        $this->database->rows(
            "INSERT INTO {ticket} (ticket_id, state, version, `change`, updated_at, events, entries) VALUES (?, 'open', 1, ?, ?, -1, -1)
             ON DUPLICATE KEY UPDATE version = version + 1, `change` = VALUES(`change`), updated_at = VALUES(updated_at)",
            [$ticketId, $place, Portal::now()]
        );
        return $this->database->number('SELECT version FROM {ticket} WHERE ticket_id = ?', [$ticketId]);
    }

    /**
     * Count a message that the bridge wrote itself, so that it is not taken up as somebody else's change.
     */
    public function touchByEntry(int $ticketId): int
    {
        $version = $this->touch($ticketId);
        $this->database->rows('UPDATE {ticket} SET entries = entries + 1 WHERE ticket_id = ? AND entries >= 0', [$ticketId]);
        return $version;
    }

    /**
     * Take up what osTicket itself has changed since the last time; returns whether that was all of it.
     *
     * A help desk with a past has much to take up at first. It is done in steps, so that nobody waits long for the counter, and as many as a request
     * may take; but each call takes up something while there is anything.
     */
    public function takeUp(): bool
    {
        $until = microtime(true) + self::SECONDS;
        $taken = 0;
        do {
            [$number, $all] = $this->database->transaction(function (): array {
                return $this->step();
            });
            $taken += $number;
        } while (!$all && ($taken === 0 || microtime(true) < $until));
        return $all;
    }

    /** Look at the next messages and events; returns how many tickets they changed, and whether these were all. */
    private function step(): array
    {
        $this->database->row("SELECT value FROM {counter} WHERE name = 'change' FOR UPDATE");
        $marks = array_map('intval', array_column($this->database->rows('SELECT name, value FROM {counter}'), 'value', 'name'));
        $newest = [
            'event' => $this->database->number('SELECT COALESCE(MAX(id), 0) FROM {{thread_event}}'),
            'entry' => $this->database->number('SELECT COALESCE(MAX(id), 0) FROM {{thread_entry}}'),
        ];
        $reached = [];
        foreach ($newest as $name => $id) {
            $reached[$name] = min($id, $marks[$name] + self::STEP);
        }
        // A corrected message takes the place of the one before; then the count stays, and the corrected one's number tells it.
        $changed = $this->database->rows(
            "SELECT thread.object_id AS ticket_id, COALESCE(known.events, -1) AS known_events, COALESCE(known.entries, -1) AS known_entries,
                 (SELECT COUNT(*) FROM {{thread_event}} AS event WHERE event.thread_id = thread.id) AS events,
                 (SELECT COUNT(*) + COALESCE(SUM(CASE WHEN entry.flags & ? THEN entry.id END), 0) % 1000000000
                  FROM {{thread_entry}} AS entry WHERE entry.thread_id = thread.id) AS entries,
                 (SELECT MAX(timestamp) FROM {{thread_event}} AS event WHERE event.thread_id = thread.id) AS event_at,
                 (SELECT MAX(created) FROM {{thread_entry}} AS entry WHERE entry.thread_id = thread.id) AS entry_at,
                 (SELECT MAX(id) FROM {{thread_entry}} AS entry WHERE entry.thread_id = thread.id) AS entry_id
             FROM {{thread}} AS thread LEFT JOIN {ticket} AS known ON known.ticket_id = thread.object_id
             WHERE thread.object_type = 'T' AND thread.id IN (
                 SELECT thread_id FROM {{thread_event}} WHERE id > ? AND id <= ? UNION SELECT thread_id FROM {{thread_entry}} WHERE id > ? AND id <= ?)
             HAVING events <> known_events OR entries <> known_entries
             ORDER BY GREATEST(COALESCE(event_at, entry_at), COALESCE(entry_at, event_at)), entry_id, thread.object_id",
            [
                \ThreadEntry::FLAG_EDITED, max(0, $marks['event'] - self::OVERLAP), $reached['event'],
                max(0, $marks['entry'] - self::OVERLAP), $reached['entry'],
            ]
        );
        foreach ($changed as $one) {
            $this->files->takeUp((int) $one['ticket_id']);
            $this->touch((int) $one['ticket_id']);
            $this->database->rows(
                'UPDATE {ticket} SET events = ?, entries = ? WHERE ticket_id = ?',
                [$one['events'], $one['entries'], $one['ticket_id']]
            );
        }
        foreach ($reached as $name => $id) {
            $this->database->rows('UPDATE {counter} SET value = ? WHERE name = ? AND value < ?', [$id, $name, $id]);
        }
        return [count($changed), $reached === $newest];
    }

    private function next(): int
    {
        $this->database->rows("UPDATE {counter} SET value = LAST_INSERT_ID(value + 1) WHERE name = 'change'");
        return $this->database->number('SELECT LAST_INSERT_ID()');
    }
}
