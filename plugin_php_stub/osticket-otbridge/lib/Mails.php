<?php

namespace Otbridge;

/**
 * E-mails to customers for the bridge's messages, by osTicket's own template of a reply. They leave when the write is committed and answered: a repeated
 * write sends none, and a mail server that is slow or down keeps nobody waiting. One that is lost stays lost; the message stands in the ticket.
 */
class Mails
{
    /** @var array[] ticket's number and thread's entry of each message */
    private $waiting = [];

    public function add(int $ticketId, \ThreadEntry $entry): void
    {
        $this->waiting[] = [$ticketId, $entry];
    }

    /** Send what waits; for the time behind the answer. */
    public function send(): void
    {
        $waiting = Portal::mails() ? $this->waiting : [];
        $this->waiting = [];
        if ($waiting === []) {
            return;
        }
        while (ob_get_level() > 0) {
            ob_end_flush();
        }
        if (function_exists('fastcgi_finish_request')) {
            fastcgi_finish_request();
        }
        foreach ($waiting as [$ticketId, $entry]) {
            try {
                $this->mail($ticketId, $entry);
            } catch (\Throwable $error) {
                $GLOBALS['ost']->logWarning(Words::tell('bridge'), "ticket {$ticketId}: {$error->getMessage()}", false);
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
