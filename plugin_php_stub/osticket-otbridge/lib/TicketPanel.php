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

    private function __construct(Services $services, \Ticket $ticket, array $row)
    {
        $this->services = $services;
        $this->ticket = $ticket;
        $this->row = $row;
    }

    /** Print the panel where osTicket is printing the ticket's page; nothing for tickets that are not paid ones. */
    public static function show(\Ticket $ticket): void
    {
        $services = new Services(Portal::database());
        $row = $services->documents->row((int) $ticket->getId());
        if ($row === null || !Portal::isPaid($services->documents->category($row))) {
            return;
        }
        echo Html::STYLE, '<div class="otbridge" style="margin:10px 0;padding:10px;border:1px solid #ccc">',
            '<h3>', Html::text(Words::tell('panel')), '</h3>', Flash::html();
        (new self($services, $ticket, $row))->body(defined('OSTSCPINC'));
        echo '</div>';
    }

    private function body(bool $agents): void
    {
        $accountable = $agents || $this->isOfTheOrganization();
        if ($accountable) {
            $this->balance();
        }
        if ($this->row['merged']) {
            echo Html::warning(Words::tell('ticket_merged'));
        } elseif ($this->row['shut']) {
            echo Html::warning(Words::tell('ticket_shut'));
        }
        if ($accountable) {
            $this->contradictions();
        }
        $this->stages($agents);
        if ($agents) {
            $this->timeEntries();
            if (!$this->row['merged']) {
                $this->work();
            }
        } elseif ($this->isOwner() && !$this->row['merged'] && !in_array($this->row['state'], ['done', 'withdrawn'], true)) {
            echo Html::asked(Words::tell('withdraw'), Words::tell('withdraw_sure'), $this->form('withdraw', null, 'withdraw'));
        }
        if ($accountable) {
            $this->writeOffs();
        }
    }

    /** Fields that two forms fill differently: the order has two meanings, and is not carried out. */
    private function contradictions(): void
    {
        foreach (array_keys($this->services->documents->fields($this->row['ticket_id'])) as $name) {
            if (strpos((string) $name, ' (') !== false) {
                echo Html::warning(Words::tell('field_twice', ['name' => (string) $name]));
            }
        }
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
        $booked = $this->services->documents->booked($this->row['ticket_id']);
        $names = ['stage', 'estimate', 'coefficient', 'held', 'written_off', 'state', ''];
        echo '<table class="otbridge-stages">', Html::head($names);
        foreach ($stages as $stage) {
            $number = (int) $stage['n'];
            $sums = $booked[$number] ?? ['held_mh' => 0, 'written_off_mh' => 0];
            $state = Words::tell("stage_{$stage['state']}") . ($stage['comment'] === '' ? '' : ": {$stage['comment']}");
            $act = '';
            if ($agents && !$this->row['merged'] && in_array($stage['state'], ['planned', 'in_progress', 'rejected'], true)) {
                $act = $this->form('ready', $number, 'report_ready');
            } elseif (!$agents && !$this->row['merged'] && $stage['state'] === 'ready' && $this->isOwner() && $this->row['state'] !== 'withdrawn') {
                $act = $this->judgement($stage, $sums['held_mh']);
            }
            echo Html::row($names, [
                $stage['title'], Words::hours((int) $stage['estimate_mh']), Words::hours((int) $stage['coefficient_milli']),
                Words::hours($sums['held_mh']), Words::hours($sums['written_off_mh']), $state,
            ], $act);
        }
        echo '</table>';
    }

    /** The customer's word on a stage that is ready. Acceptance charges, so it says what and asks once more. */
    private function judgement(array $stage, int $heldMh): string
    {
        $number = (int) $stage['n'];
        $most = $heldMh ?: intdiv((int) $stage['estimate_mh'] * (int) $stage['coefficient_milli'] + 500, 1000);
        $comment = '<input type="text" name="comment" maxlength="1000" required placeholder="' . Html::text(Words::tell('reject_why')) . '"> ';
        return Html::asked(
            Words::tell('accept'),
            Words::tell('accept_sure', ['title' => $stage['title'], 'hours' => Words::hours($most)]),
            $this->form('accept', $number, 'accept_yes')
        ) . $this->form('reject', $number, 'reject', $comment);
    }

    private function timeEntries(): void
    {
        $rows = Portal::database()->rows('SELECT * FROM {time_entry} WHERE ticket_id = ? ORDER BY n', [$this->row['ticket_id']]);
        if ($rows) {
            $names = ['when', 'specialist', 'category', 'minutes', 'note'];
            echo '<table class="otbridge-time">', Html::head($names);
            foreach ($rows as $one) {
                echo Html::row($names, [Html::moment($one['at']), $one['specialist'], $one['category'], $one['minutes'], $one['note']]);
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
        $names = ['when', 'stage', 'what', 'hours', 'price'];
        echo '<table class="otbridge-write-offs">', Html::head($names);
        foreach ($rows as $one) {
            $sign = $one['kind'] === 'reversal' ? '−' : '';
            echo Html::row($names, [
                Html::moment($one['at']), $one['title'], Words::tell("entry_{$one['kind']}"), $sign . Words::hours((int) $one['amount_mh']),
                $one['price_kopecks'] === null ? '' : Words::roubles((int) $one['price_kopecks']),
            ]);
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
