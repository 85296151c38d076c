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

    /** @var Topics */
    private $topics;

    /** @var Places */
    private $places;

    public function __construct(Database $database, Files $files, Topics $topics, Places $places)
    {
        $this->database = $database;
        $this->files = $files;
        $this->topics = $topics;
        $this->places = $places;
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
        $this->places->keep($ticketId);
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
     *
     * @param bool $places whether it is also looked for tickets that have left their places without a trace
     */
    public function takeUp(bool $places): bool
    {
        $steps = [[$this, 'step']];
        if ($places) {
            $this->database->transaction([$this->topics, 'keep']);
            $this->settle();
            $steps = [[$this, 'step'], [$this, 'sweep']];
        }
        $until = microtime(true) + self::SECONDS;
        $taken = 0;
        foreach ($steps as $step) {
            do {
                [$number, $all] = $step();
                $taken += $number;
            } while (!$all && ($taken === 0 || microtime(true) < $until));
            if (!$all) {
                return false;
            }
        }
        return true;
    }

    /** Look at the next messages and events; returns how many tickets they changed, and whether these were all. */
    private function step(): array
    {
        // Files are read and hashed before the counter is held, for everybody who writes waits for it.
        [, , $reached, $changed] = $this->look();
        foreach ($changed as $one) {
            $this->files->takeUp((int) $one['ticket_id']);
        }
        return $this->database->transaction(function () use ($reached): array {
            $this->lock();
            [$newest, $marks, $until, $changed] = $this->look($reached);
            $taken = 0;
            $later = false;
            foreach ($changed as $one) {
                if ($this->files->wait((int) $one['ticket_id'])) {
                    $later = true; // a file has come meanwhile; it is taken up by the next step
                    continue;
                }
                $this->touch((int) $one['ticket_id']);
                $this->database->rows(
                    'UPDATE {ticket} SET events = ?, entries = ? WHERE ticket_id = ?',
                    [$one['events'], $one['entries'], $one['ticket_id']]
                );
                $taken++;
            }
            if ($later) {
                return [$taken, false];
            }
            foreach ($until as $name => $id) {
                if ($id > $marks[$name]) {
                    $this->database->rows('UPDATE {counter} SET value = ? WHERE name = ?', [$id, $name]);
                }
            }
            return [$taken, $until === $newest];
        });
    }

    /**
     * The newest numbers, the marks up to which was looked, how far is looked now, and the tickets that have changed in between.
     *
     * @param array|null $reached not to look further than this
     */
    private function look(?array $reached = null): array
    {
        $marks = array_map('intval', array_column($this->database->rows('SELECT name, value FROM {counter}'), 'value', 'name'));
        $newest = [
            'event' => $this->database->number('SELECT COALESCE(MAX(id), 0) FROM {{thread_event}}'),
            'entry' => $this->database->number('SELECT COALESCE(MAX(id), 0) FROM {{thread_entry}}'),
        ];
        $until = [];
        foreach ($newest as $name => $id) {
            $until[$name] = $reached[$name] ?? min($id, $marks[$name] + self::STEP);
        }
        // The thread of a ticket that was merged into another one is of the kind C.
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
             WHERE thread.object_type IN ('T', 'C') AND thread.id IN (
                 SELECT thread_id FROM {{thread_event}} WHERE id > ? AND id <= ? UNION SELECT thread_id FROM {{thread_entry}} WHERE id > ? AND id <= ?)
             HAVING events <> known_events OR entries <> known_entries
             ORDER BY GREATEST(COALESCE(event_at, entry_at), COALESCE(entry_at, event_at)), entry_id, thread.object_id",
            [
                \ThreadEntry::FLAG_EDITED, max(0, $marks['event'] - self::OVERLAP), $until['event'],
                max(0, $marks['entry'] - self::OVERLAP), $until['entry'],
            ]
        );
        return [$newest, $marks, $until, $changed];
    }

    /** Count the next tickets that stand elsewhere than they were told; as `step`. */
    private function sweep(): array
    {
        if ($this->places->astray(1) === []) {
            return [0, true];
        }
        return $this->database->transaction(function (): array {
            $this->lock();
            $astray = $this->places->astray(self::STEP);
            foreach ($astray as $ticketId) {
                $this->touch($ticketId);
            }
            return [count($astray), count($astray) < self::STEP];
        });
    }

    /** Keep the places of tickets that were told before places were kept, as many as one transaction takes; the next requests go on with the rest. */
    private function settle(): void
    {
        if ($this->places->unplaced(1) === []) {
            return;
        }
        $this->database->transaction(function (): void {
            $this->lock();
            foreach ($this->places->unplaced(self::STEP) as $ticketId) {
                if ($this->places->settle($ticketId)) {
                    $this->touch($ticketId);
                }
            }
        });
    }

    /** Keep the counter until the transaction ends: nobody else changes a state meanwhile. */
    public function lock(): void
    {
        $this->database->row("SELECT value FROM {counter} WHERE name = 'change' FOR UPDATE");
    }

    private function next(): int
    {
        $this->database->rows("UPDATE {counter} SET value = LAST_INSERT_ID(value + 1) WHERE name = 'change'");
        return $this->database->number('SELECT LAST_INSERT_ID()');
    }
}
