<?php

namespace Otbridge;

/**
 * E-mails to customers for the bridge's messages, by osTicket's own template of a reply. They leave when the write is committed and answered: a repeated
 * write sends none, nor does one that was taken back, and a mail server that is slow or down keeps nobody waiting. One that is lost stays lost; the
 * message stands in the ticket.
 */
class Mails
{
    /** @var Database */
    private $database;

    public function __construct(Database $database)
    {
        $this->database = $database;
    }

    /** A mail for a message, as soon as the running transaction is committed. */
    public function add(int $ticketId, \ThreadEntry $entry): void
    {
        if (Portal::mails()) {
            $this->database->promise(function () use ($ticketId, $entry): void {
                $this->mail($ticketId, $entry);
            });
        }
    }

    /** Send what waits; for the time behind the answer. */
    public function send(): void
    {
        $due = $this->database->due();
        if ($due === []) {
            return;
        }
        while (ob_get_level() > 0) {
            ob_end_flush();
        }
        if (function_exists('fastcgi_finish_request')) {
            fastcgi_finish_request();
        }
        foreach ($due as $mail) {
            try {
                $mail();
            } catch (\Throwable $error) {
                $GLOBALS['ost']->logWarning(Words::tell('bridge'), $error->getMessage(), false);
            }
        }
    }

    private function mail(int $ticketId, \ThreadEntry $entry): void
    {
        $ticket = \Ticket::lookup($ticketId);
        $owner = $ticket ? $ticket->getOwner() : null;
        $department = $ticket ? $ticket->getDept() : null;
        $email = $department ? $department->getEmail() : null;
        $template = $department ? $department->getTemplate() : null;
        $reply = $template ? $template->getReplyMsgTemplate() : null;
        if (!$owner || !$email || !$reply) {
            return;
        }
        $filled = $ticket->replaceVars($reply->asArray(), [
            'response' => $entry, 'signature' => '', 'staff' => null, 'poster' => Words::tell('bridge'), 'recipient' => $owner,
        ]);
        $email->send($owner, $filled['subj'], $filled['body'], [], ['thread' => $entry, 'from_name' => Words::tell('bridge')]);
    }
}
