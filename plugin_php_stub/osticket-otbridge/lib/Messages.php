<?php

namespace Otbridge;

/**
 * The bridge's messages in tickets' threads; the plugin keeps their very text too.
 */
class Messages
{
    /** @var Database */
    private $database;

    /** @var Mails */
    private $mails;

    public function __construct(Database $database, Mails $mails)
    {
        $this->database = $database;
        $this->mails = $mails;
    }

    /** Bytes that osTicket's column holds of a message; it cuts what is longer without a word. */
    private const LONGEST = 65535;

    /**
     * Write a message; returns the number of the thread's entry.
     *
     * @param array[] $attachments name, type and data of each
     * @throws Problem `too_large`
     */
    public function write(int $ticketId, string $text, bool $internal, array $attachments = []): int
    {
        $html = '<p>' . nl2br(Html::text(Words::basic($text))) . '</p>';
        if (strlen($html) > self::LONGEST) {
            throw new Problem('too_large', 'osTicket holds no message of this length');
        }
        $thread = \Ticket::lookup($ticketId)->getThread();
        $body = new \TextThreadEntryBody(Words::basic($text));
        $given = ['poster' => Words::tell('bridge'), 'staffId' => 0, 'attachments' => $attachments];
        $errors = [];
        $entry = $internal
            ? $thread->addNote($given + ['note' => $body], $errors)
            : $thread->addResponse($given + ['response' => $body], $errors);
        if (!$entry) {
            throw new \RuntimeException('osTicket did not store the message: ' . implode('; ', $errors));
        }
        // osTicket takes « and other signs that it holds for pictures out of what it stores.
        $this->database->rows(
            "UPDATE {{thread_entry}} SET body = ?, format = 'html' WHERE id = ?",
            [$html, $entry->getId()]
        );
        $this->database->insert('note', ['entry_id' => $entry->getId(), 'text' => $text]);
        if (!$internal) {
            $entry->set('body', $html); // what osTicket has in memory is what it would have stored
            $entry->set('format', 'html');
            $this->mails->add($ticketId, $entry);
        }
        return (int) $entry->getId();
    }
}
