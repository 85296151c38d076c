<?php

namespace Otbridge;

/**
 * The order of changes: each ticket's version, and its place in the order in which changes were committed.
 *
 * osTicket's own changes (messages, events) leave rows with growing numbers; they are taken up when somebody asks for tickets. Numbers are given
 * out before they are committed, so the newest ones are looked at again each time.
 */
class Changes
{
    private const OVERLAP = 500;

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
            "INSERT INTO {ticket} (ticket_id, state, version, `change`, updated_at, event_id, entry_id) VALUES (?, 'open', 1, ?, ?, 0, 0)
             ON DUPLICATE KEY UPDATE version = version + 1, `change` = VALUES(`change`), updated_at = VALUES(updated_at)",
            [$ticketId, $place, Portal::now()]
        );
        return $this->database->number('SELECT version FROM {ticket} WHERE ticket_id = ?', [$ticketId]);
    }

    /**
     * Take up what osTicket itself has changed since the last time.
     */
    public function takeUp(): void
    {
        $this->database->transaction(function (): void {
            $this->database->row("SELECT value FROM {counter} WHERE name = 'change' FOR UPDATE");
            $marks = array_column($this->database->rows('SELECT name, value FROM {counter}'), 'value', 'name');
            $changed = $this->database->rows(
                "SELECT thread.object_id AS ticket_id, COALESCE(MAX(event.id), 0) AS event_id, COALESCE(MAX(entry.id), 0) AS entry_id,
                     MAX(known.event_id) AS known_event, MAX(known.entry_id) AS known_entry
                 FROM {{thread}} AS thread
                 LEFT JOIN {{thread_event}} AS event ON event.thread_id = thread.id
                 LEFT JOIN {{thread_entry}} AS entry ON entry.thread_id = thread.id
                 LEFT JOIN {ticket} AS known ON known.ticket_id = thread.object_id
                 WHERE thread.object_type = 'T' AND thread.id IN (
                     SELECT thread_id FROM {{thread_event}} WHERE id > ? UNION SELECT thread_id FROM {{thread_entry}} WHERE id > ?)
                 GROUP BY thread.object_id
                 HAVING known_event IS NULL OR event_id > known_event OR entry_id > known_entry
                 ORDER BY event_id, entry_id",
                [max(0, $marks['event'] - self::OVERLAP), max(0, $marks['entry'] - self::OVERLAP)]
            );
            foreach ($changed as $one) {
                $this->files->takeUp((int) $one['ticket_id']);
                $this->touch((int) $one['ticket_id']);
                $this->database->rows(
                    'UPDATE {ticket} SET event_id = ?, entry_id = ? WHERE ticket_id = ?',
                    [$one['event_id'], $one['entry_id'], $one['ticket_id']]
                );
            }
            foreach (['event', 'entry'] as $name) {
                if ($changed) {
                    $this->database->rows(
                        'UPDATE {counter} SET value = GREATEST(value, ?) WHERE name = ?',
                        [max(array_column($changed, "{$name}_id")), $name]
                    );
                }
            }
        });
    }

    private function next(): int
    {
        $this->database->rows("UPDATE {counter} SET value = LAST_INSERT_ID(value + 1) WHERE name = 'change'");
        return $this->database->number('SELECT LAST_INSERT_ID()');
    }
}
