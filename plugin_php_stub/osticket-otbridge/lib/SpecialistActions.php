<?php

namespace Otbridge;

/**
 * The agents' forms on a ticket's page: agree on stages, log time, report a stage ready. Whoever may see the ticket and reply to it may.
 */
class SpecialistActions
{
    /** osTicket's dispatcher asks each controller; the token against forged forms is checked by then. */
    public function access(): bool
    {
        return is_object($GLOBALS['thisstaff']) && $GLOBALS['thisstaff']->isValid();
    }

    public function serve(string $ticketId): void
    {
        $staff = $GLOBALS['thisstaff'];
        $ticket = \Ticket::lookup((int) $ticketId);
        if (!$ticket || !$ticket->checkStaffPerm($staff, \Ticket::PERM_REPLY)) {
            \Http::response(403, Html::text(Words::tell('not_yours')));
        }
        $id = (int) $ticket->getId();
        $people = (new Services(Portal::database()))->people;
        Flash::around(static function () use ($people, $id, $staff): void {
            $stage = (string) ($_POST['stage'] ?? '') === '' ? null : (int) $_POST['stage'];
            switch ($_POST['do'] ?? '') {
                case 'agree':
                    $people->agree($id, self::stages());
                    break;
                case 'time':
                    $people->logTime(
                        $id,
                        (string) $staff->getName(),
                        (int) ($_POST['minutes'] ?? 0),
                        (string) ($_POST['category'] ?? ''),
                        $stage,
                        trim((string) ($_POST['note'] ?? ''))
                    );
                    break;
                case 'ready':
                    $people->reportReady($id, (int) $stage);
                    break;
                default:
                    throw Problem::invalid('do');
            }
        });
        \Http::redirect(TicketPanel::page($id));
    }

    /**
     * The stages of the form; lines that are wholly empty are none.
     *
     * @return array[]
     * @throws Problem `invalid` with every fault
     */
    private static function stages(): array
    {
        $stages = $faults = [];
        foreach ((array) ($_POST['title'] ?? []) as $index => $title) {
            $hours = trim((string) ($_POST['hours'][$index] ?? ''));
            $coefficient = trim((string) ($_POST['coefficient'][$index] ?? ''));
            $title = trim((string) $title);
            if ($title === '' && $hours === '' && $coefficient === '') {
                continue;
            }
            $estimate = Amount::milli($hours);
            $milli = Amount::milli($coefficient);
            if ($title === '' || mb_strlen($title) > 255 || $estimate === null || $estimate % 50 !== 0 || !$milli) {
                $faults[] = Words::tell('stage_wrong', ['number' => $index + 1]);
                continue;
            }
            $stages[] = ['title' => $title, 'estimate_mh' => $estimate, 'coefficient_milli' => $milli];
        }
        if ($faults) {
            throw Problem::invalid(...$faults);
        }
        return $stages;
    }
}
