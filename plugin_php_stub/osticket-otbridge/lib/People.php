<?php

namespace Otbridge;

/**
 * What people do on the portal: the customer accepts, rejects and withdraws; the specialist agrees, logs time and reports stages ready.
 */
class People
{
    /** @var Database */
    private $database;

    /** @var Changes */
    private $changes;

    public function __construct(Database $database, Changes $changes)
    {
        $this->database = $database;
        $this->changes = $changes;
    }

    /**
     * Agree finally on stages. Agreeing again changes the estimates and adds stages; what was done and accepted stays.
     *
     * @param array[] $stages title, estimate_mh, coefficient_milli of each
     * @throws Problem
     */
    public function agree(int $ticketId, array $stages): void
    {
        $this->change($ticketId, function (array $ticket) use ($ticketId, $stages): void {
            if ($ticket['state'] === 'withdrawn') {
                throw Problem::conflict('the ticket is withdrawn', 'withdrawn');
            }
            if (count($stages) < max(1, $this->database->number('SELECT COUNT(*) FROM {stage} WHERE ticket_id = ?', [$ticketId]))) {
                throw Problem::invalid(Words::tell('stage_missing'));
            }
            foreach (array_values($stages) as $index => $stage) {
                $this->database->rows(
                    "INSERT INTO {stage} (ticket_id, position, title, estimate_mh, coefficient_milli, state, revision, comment, evidence)
                     VALUES (?, ?, ?, ?, ?, 'planned', 1, '', '{}') ON DUPLICATE KEY UPDATE
                     title = VALUES(title), estimate_mh = VALUES(estimate_mh), coefficient_milli = VALUES(coefficient_milli)",
                    [$ticketId, $index + 1, $stage['title'], $stage['estimate_mh'], $stage['coefficient_milli']]
                );
            }
            $this->database->rows('UPDATE {ticket} SET agreed_at = ? WHERE ticket_id = ?', [Portal::now(), $ticketId]);
        });
    }

    /** Accept a stage that is ready. */
    public function accept(int $ticketId, int $stage): void
    {
        $this->judge($ticketId, $stage, "state = 'accepted', accepted_at = ?, comment = ?", '');
    }

    /** Reject a stage that is ready; its revision grows. */
    public function reject(int $ticketId, int $stage, string $comment): void
    {
        $this->judge($ticketId, $stage, "state = 'rejected', revision = revision + 1, rejected_at = ?, comment = ?", $comment);
    }

    /** Withdraw a ticket that is not done. */
    public function withdraw(int $ticketId): void
    {
        $this->change($ticketId, function (array $ticket) use ($ticketId): void {
            if (in_array($ticket['state'], ['done', 'withdrawn'], true)) {
                throw Problem::conflict("the ticket is {$ticket['state']}", $ticket['state']);
            }
            $this->database->rows("UPDATE {ticket} SET state = 'withdrawn', withdrawn_at = ? WHERE ticket_id = ?", [Portal::now(), $ticketId]);
        });
    }

    /**
     * Log a specialist's time.
     *
     * @param int|null $stage number of the row of the stage that it was spent on, null for the ticket as a whole
     * @throws Problem
     */
    public function logTime(int $ticketId, string $specialist, int $minutes, string $category, ?int $stage, string $note): void
    {
        if ($minutes < 1 || $minutes > 24 * 60 || !in_array($category, Portal::categories(), true)) {
            throw Problem::invalid(Words::tell('time_wrong'));
        }
        $this->change($ticketId, function () use ($ticketId, $specialist, $minutes, $category, $stage, $note): void {
            if ($stage !== null) {
                $this->stage($ticketId, $stage);
            }
            $this->database->insert('time_entry', [
                'ticket_id' => $ticketId, 'stage_n' => $stage, 'specialist' => $specialist, 'category' => $category, 'minutes' => $minutes,
                'at' => Portal::now(), 'note' => $note,
            ]);
        });
    }

    /** Report a stage ready, as specialists do for what they did by hand. */
    public function reportReady(int $ticketId, int $stage): void
    {
        $this->change($ticketId, function () use ($ticketId, $stage): void {
            $row = $this->stage($ticketId, $stage);
            if (!in_array($row['state'], ['planned', 'in_progress', 'rejected'], true)) {
                throw Problem::conflict("the stage is {$row['state']}", $row['state']);
            }
            $this->database->rows("UPDATE {stage} SET state = 'ready' WHERE n = ?", [$stage]);
        });
    }

    private function judge(int $ticketId, int $stage, string $change, string $comment): void
    {
        $this->change($ticketId, function () use ($ticketId, $stage, $change, $comment): void {
            $row = $this->stage($ticketId, $stage);
            if ($row['state'] !== 'ready') {
                throw Problem::conflict("the stage is {$row['state']}, not ready", $row['state']);
            }
            $this->database->rows("UPDATE {stage} SET {$change} WHERE n = ?", [Portal::now(), $comment, $stage]);
        });
    }

    /** Change a ticket in one transaction; $work gets its row. The counter is held first, so nobody else changes a state meanwhile. */
    private function change(int $ticketId, callable $work): void
    {
        $this->database->transaction(function () use ($ticketId, $work): void {
            $this->changes->touch($ticketId);
            $work($this->database->row('SELECT * FROM {ticket} WHERE ticket_id = ?', [$ticketId]));
            $this->database->rows('UPDATE {ticket} SET updated_at = ? WHERE ticket_id = ?', [Portal::now(), $ticketId]);
        });
    }

    /**
     * @throws Problem `not_found`
     */
    private function stage(int $ticketId, int $number): array
    {
        $row = $this->database->row('SELECT * FROM {stage} WHERE ticket_id = ? AND n = ?', [$ticketId, $number]);
        if ($row === null) {
            throw Problem::notFound('stage', (string) $number);
        }
        return $row;
    }
}
