<?php

namespace Otbridge;

/**
 * The rules of what the bridge writes to a ticket: notes, files, states of ticket and stages.
 */
class TicketWrites
{
    public const TICKET_STATES = ['open', 'in_progress', 'suspended', 'awaiting_acceptance', 'done', 'withdrawn'];
    public const STAGE_STATES = ['planned', 'in_progress', 'ready', 'accepted', 'rejected', 'written_off'];

    private const CUSTOMERS_OWN = ['accepted', 'rejected', 'written_off'];

    /** @var Database */
    private $database;

    /** @var Documents */
    private $documents;

    /** @var Changes */
    private $changes;

    /** @var Files */
    private $files;

    /** @var Messages */
    private $messages;

    public function __construct(Database $database, Documents $documents, Changes $changes, Files $files, Messages $messages)
    {
        $this->messages = $messages;
        $this->database = $database;
        $this->documents = $documents;
        $this->changes = $changes;
        $this->files = $files;
    }

    /** A message in the thread, for the customer or internal. */
    public function note(Access $access, string $ticketId, string $text, string $visibility): array
    {
        $ticket = $this->documents->ticketRow($access, $ticketId);
        $entry = $this->messages->write($ticket['ticket_id'], $text, $visibility === 'internal');
        $this->changes->touchByEntry($ticket['ticket_id']);
        return ['id' => "n{$entry}"];
    }

    /** A file of the ticket; an Attachment. */
    public function attach(Access $access, string $ticketId, string $name, string $mediaType, string $content): array
    {
        $ticket = $this->documents->ticketRow($access, $ticketId);
        $row = $this->files->attach($ticket, $name, $mediaType, $content);
        $this->changes->touchByEntry($ticket['ticket_id']);
        return Documents::attachment($row);
    }

    /**
     * The ticket's state; what is set already stays and is no conflict.
     *
     * @param string[] $expected
     * @throws Problem
     */
    public function setState(Access $access, string $ticketId, string $state, array $expected): array
    {
        if ($state === 'withdrawn') {
            throw new Problem('forbidden', 'only the customer withdraws a ticket');
        }
        $ticket = $this->locked($access, $ticketId);
        if ($ticket['state'] === $state) {
            return ['state' => $state, 'version' => $ticket['version']];
        }
        if ($ticket['state'] === 'withdrawn' || !in_array($ticket['state'], $expected, true)) {
            throw Problem::conflict("the ticket is {$ticket['state']}", $ticket['state']);
        }
        $version = $this->changes->touch($ticket['ticket_id']);
        $this->database->rows('UPDATE {ticket} SET state = ? WHERE ticket_id = ?', [$state, $ticket['ticket_id']]);
        if ($state === 'done') {
            $this->close($ticket['ticket_id']);
        }
        return ['state' => $state, 'version' => $version];
    }

    /**
     * A stage's state, with what the work left to show.
     *
     * @param string[] $expected
     * @param string $evidence JSON object
     * @throws Problem
     */
    public function setStageState(Access $access, string $ticketId, string $stageId, string $state, array $expected, string $evidence): array
    {
        if (in_array($state, self::CUSTOMERS_OWN, true)) {
            throw new Problem('forbidden', "the bridge sets no stage to {$state}");
        }
        $ticket = $this->locked($access, $ticketId);
        $stage = $this->documents->stageRow($ticket, $stageId);
        if ($stage['state'] === $state) {
            return ['state' => $state, 'version' => $ticket['version']];
        }
        if (!in_array($stage['state'], $expected, true)) {
            throw Problem::conflict("the stage is {$stage['state']}", $stage['state']);
        }
        $this->database->rows('UPDATE {stage} SET state = ?, evidence = ? WHERE n = ?', [$state, $evidence, $stage['n']]);
        return ['state' => $state, 'version' => $this->changes->touch($ticket['ticket_id'])];
    }

    /** The ticket's row, with nobody else changing its state until the transaction ends. */
    private function locked(Access $access, string $ticketId): array
    {
        $this->changes->lock();
        return $this->documents->ticketRow($access, $ticketId);
    }

    /** Close the ticket in osTicket too; where its forms forbid that, it stays open for an agent to close. */
    private function close(int $ticketId): void
    {
        $closed = $this->database->row("SELECT id FROM {{ticket_status}} WHERE state = 'closed' ORDER BY sort, id LIMIT 1");
        $ticket = \Ticket::lookup($ticketId);
        if ($closed !== null && !$ticket->isClosed()) {
            $errors = [];
            $ticket->setStatus((int) $closed['id'], '', $errors, false);
        }
    }
}
