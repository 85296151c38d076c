<?php

namespace Otbridge;

/**
 * The customer's forms on a ticket's page: accept, reject, withdraw. Only the ticket's owner may.
 */
class CustomerActions
{
    /** osTicket's dispatcher asks each controller; the token against forged forms is checked by then. */
    public function access(): bool
    {
        return is_object($GLOBALS['thisclient']) && $GLOBALS['thisclient']->isValid();
    }

    public function serve(string $ticketId): void
    {
        $ticket = \Ticket::lookup((int) $ticketId);
        if (!$ticket || (int) $ticket->getUserId() !== (int) $GLOBALS['thisclient']->getId()) {
            \Http::response(403, Html::text(Words::tell('not_yours')));
        }
        $id = (int) $ticket->getId();
        $people = (new Services(Portal::database()))->people;
        Flash::around(static function () use ($people, $id): void {
            $stage = (int) ($_POST['stage'] ?? 0);
            switch ($_POST['do'] ?? '') {
                case 'accept':
                    $people->accept($id, $stage);
                    break;
                case 'reject':
                    $comment = trim((string) ($_POST['comment'] ?? ''));
                    if ($comment === '') {
                        throw Problem::invalid(Words::tell('reject_why'));
                    }
                    $people->reject($id, $stage, $comment);
                    break;
                case 'withdraw':
                    $people->withdraw($id);
                    break;
                default:
                    throw Problem::invalid('do');
            }
        });
        \Http::redirect(TicketPanel::page($id));
    }
}
