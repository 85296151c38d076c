<?php

namespace Otbridge;

/**
 * The plugin's part of a ticket's page: stages, balance and write-offs for the customer, and the work on them for agents.
 */
class TicketPanel
{
    /** @var Services */
    private $services;

    /** @var \Ticket */
    private $ticket;

    /** @var array */
    private $row;

    private function __construct(\Ticket $ticket)
    {
        $this->services = new Services(Portal::database());
        $this->ticket = $ticket;
        $this->row = $this->services->documents->ticketRow(new Access('page', [], null), (string) $ticket->getId());
    }

    /** Print the panel where osTicket is printing the ticket's page; nothing for tickets that are not paid ones. */
    public static function show(\Ticket $ticket): void
    {
        $panel = new self($ticket);
        if (!Portal::isPaid(Documents::category($panel->row))) {
            return;
        }
        $agents = defined('OSTSCPINC');
        echo '<div class="otbridge" style="margin:10px 0;padding:10px;border:1px solid #ccc">';
        echo '<h3>', Html::text(Words::tell('panel')), '</h3>', Flash::html();
        $accountable = $agents || $panel->isOfTheOrganization();
        if ($accountable) {
            $panel->balance();
        }
        $panel->stages($agents);
        if ($agents) {
            $panel->timeEntries();
            $panel->work();
        } elseif ($panel->isOwner() && !in_array($panel->row['state'], ['done', 'withdrawn'], true)) {
            echo $panel->form('withdraw', null, 'withdraw', '', 'withdraw_sure');
        }
        if ($accountable) {
            $panel->writeOffs();
        }
        echo '</div>';
    }

    /** Address of the ticket's page, on the side where the reader is. */
    public static function page(int $ticketId): string
    {
        return ROOT_PATH . (defined('OSTSCPINC') ? 'scp/' : '') . "tickets.php?id={$ticketId}";
    }

    private function balance(): void
    {
        if ($this->row['org_id'] === null) {
            echo '<p>', Html::text(Words::tell('no_organization')), '</p>';
            return;
        }
        try {
            $account = $this->services->documents->balance($this->row['org_id']);
        } catch (Problem $problem) {
            echo '<p>', Html::text(Words::tell('no_account')), '</p>';
            return;
        }
        echo '<p class="otbridge-balance">', Html::text(Words::tell('balance', [
            'available' => Words::hours($account['available_mh']), 'held' => Words::hours($account['held_mh']),
            'posted' => Words::hours($account['posted_mh']),
        ])), '</p>';
    }

    private function stages(bool $agents): void
    {
        $stages = $this->services->documents->stages($this->row['ticket_id']);
        if (!$stages) {
            echo '<p>', Html::text(Words::tell('not_agreed')), '</p>';
            return;
        }
        echo '<table class="otbridge-stages" width="100%" cellpadding="4">', Html::head(['stage', 'estimate', 'coefficient', 'state', '']);
        foreach ($stages as $stage) {
            $state = Words::tell("stage_{$stage['state']}") . ($stage['comment'] === '' ? '' : ": {$stage['comment']}");
            $act = '';
            if ($agents && in_array($stage['state'], ['planned', 'in_progress', 'rejected'], true)) {
                $act = $this->form('ready', (int) $stage['n'], 'report_ready');
            } elseif (!$agents && $stage['state'] === 'ready' && $this->isOwner() && $this->row['state'] !== 'withdrawn') {
                $comment = '<input type="text" name="comment" maxlength="1000" required placeholder="' . Html::text(Words::tell('reject_why')) . '"> ';
                $act = $this->form('accept', (int) $stage['n'], 'accept') . $this->form('reject', (int) $stage['n'], 'reject', $comment);
            }
            echo '<tr>', Html::cell($stage['title']), Html::cell(Words::hours((int) $stage['estimate_mh'])),
                Html::cell(Words::hours((int) $stage['coefficient_milli'])), Html::cell($state), "<td>{$act}</td></tr>";
        }
        echo '</table>';
    }

    private function timeEntries(): void
    {
        $rows = Portal::database()->rows('SELECT * FROM {time_entry} WHERE ticket_id = ? ORDER BY n', [$this->row['ticket_id']]);
        if ($rows) {
            echo '<table class="otbridge-time" width="100%" cellpadding="4">', Html::head(['when', 'specialist', 'category', 'minutes', 'note']);
            foreach ($rows as $one) {
                echo '<tr>', Html::cell(Html::moment($one['at'])), Html::cell($one['specialist']), Html::cell($one['category']),
                    Html::cell($one['minutes']), Html::cell($one['note']), '</tr>';
            }
            echo '</table>';
        }
    }

    /** The agents' forms: log time, agree on stages. */
    private function work(): void
    {
        $stages = $this->services->documents->stages($this->row['ticket_id']);
        $options = '<option value="">' . Html::text(Words::tell('whole_ticket')) . '</option>';
        foreach ($stages as $stage) {
            $options .= "<option value=\"{$stage['n']}\">" . Html::text($stage['title']) . '</option>';
        }
        $categories = '';
        foreach (Portal::categories() as $category) {
            $categories .= '<option>' . Html::text($category) . '</option>';
        }
        echo $this->form(
            'time',
            null,
            'log_time',
            '<input type="number" name="minutes" min="1" max="1440" required placeholder="' . Html::text(Words::tell('minutes')) . '"> '
            . "<select name=\"category\">{$categories}</select> <select name=\"stage\">{$options}</select> "
            . '<input type="text" name="note" maxlength="1000" placeholder="' . Html::text(Words::tell('note')) . '"> '
        );
        if ($this->row['state'] === 'withdrawn') {
            return;
        }
        $lines = '';
        for ($number = 0; $number < count($stages) + 2; $number++) {
            $stage = $stages[$number] ?? null;
            $required = $stage || $number === 0 ? ' required' : '';
            $lines .= '<div><input type="text" name="title[]" maxlength="255" size="50"' . $required . ' placeholder="'
                . Html::text(Words::tell('stage')) . '" value="' . Html::text($stage['title'] ?? '') . '"> '
                . '<input type="text" name="hours[]" size="8"' . $required . ' placeholder="' . Html::text(Words::tell('estimate')) . '" value="'
                . ($stage ? Words::hours((int) $stage['estimate_mh']) : '') . '"> '
                . '<input type="text" name="coefficient[]" size="6"' . $required . ' placeholder="' . Html::text(Words::tell('coefficient')) . '" value="'
                . ($stage ? Words::hours((int) $stage['coefficient_milli']) : '') . '"></div>';
        }
        echo '<details', $stages ? '' : ' open', '><summary>', Html::text(Words::tell($stages ? 'agree_again' : 'agree')), '</summary>',
            $this->form('agree', null, 'agree', $lines, 'agree_sure'), '</details>';
    }

    private function writeOffs(): void
    {
        $rows = Portal::database()->rows(
            "SELECT ledger.*, stage.title FROM {ledger} AS ledger LEFT JOIN {stage} AS stage ON stage.n = ledger.stage_n
             WHERE ledger.ticket_id = ? AND ledger.kind IN ('capture', 'reversal') ORDER BY ledger.n",
            [$this->row['ticket_id']]
        );
        if (!$rows) {
            return;
        }
        echo '<h4>', Html::text(Words::tell('write_offs')), '</h4>';
        echo '<table class="otbridge-write-offs" width="100%" cellpadding="4">', Html::head(['when', 'stage', 'what', 'hours', 'price']);
        foreach ($rows as $one) {
            $sign = $one['kind'] === 'reversal' ? '−' : '';
            echo '<tr>', Html::cell(Html::moment($one['at'])), Html::cell($one['title']), Html::cell(Words::tell("entry_{$one['kind']}")),
                Html::cell($sign . Words::hours((int) $one['amount_mh'])),
                Html::cell($one['price_kopecks'] === null ? '' : Words::roubles((int) $one['price_kopecks'])), '</tr>';
        }
        echo '</table>';
    }

    /** Whether the reader is the owner or of the owner's organization; who is only copied in may be anybody. */
    private function isOfTheOrganization(): bool
    {
        return $this->isOwner()
            || ($this->row['org_id'] !== null && (int) $GLOBALS['thisclient']->getOrgId() === $this->row['org_id']);
    }

    private function isOwner(): bool
    {
        return $GLOBALS['thisclient'] && (int) $GLOBALS['thisclient']->getId() === (int) $this->ticket->getUserId();
    }

    /** A form with one button, for one action on the ticket or one of its stages. */
    private function form(string $action, ?int $stage, string $label, string $fields = '', string $sure = ''): string
    {
        $path = ROOT_PATH . (defined('OSTSCPINC') ? 'scp/' : '') . 'ajax.php';
        $confirm = $sure === '' ? '' : ' onsubmit="return confirm(' . Html::text(Json::text(Words::tell($sure))) . ')"';
        return "<form method=\"post\" action=\"{$path}/otbridge/tickets/{$this->row['ticket_id']}\" style=\"display:inline\"{$confirm}>"
            . Html::token() . "<input type=\"hidden\" name=\"do\" value=\"{$action}\">"
            . ($stage === null ? '' : "<input type=\"hidden\" name=\"stage\" value=\"{$stage}\">")
            . $fields . '<button type="submit">' . Html::text(Words::tell($label)) . '</button></form> ';
    }
}
