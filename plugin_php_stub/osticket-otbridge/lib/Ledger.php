<?php

namespace Otbridge;

/**
 * The rules of accounts: an append-only ledger in milli-hours, one account an organization.
 *
 * Every change runs in a transaction that has locked the account's row first, so the balance that is checked is the balance that is changed.
 */
class Ledger
{
    /** @var Database */
    private $database;

    /** @var Documents */
    private $documents;

    /** @var Changes */
    private $changes;

    /** @var Audit */
    private $audit;

    public function __construct(Database $database, Documents $documents, Changes $changes, Audit $audit)
    {
        $this->audit = $audit;
        $this->database = $database;
        $this->documents = $documents;
        $this->changes = $changes;
    }

    /**
     * Open an organization's account, or change its terms; what was changed, and by whom, is written down.
     *
     * @param int|null $price kopecks a norm-hour, null where none is agreed
     */
    public function setTerms(int $orgId, int $overdraftMh, ?int $price, string $by): void
    {
        $this->database->transaction(function () use ($orgId, $overdraftMh, $price, $by): void {
            $before = $this->database->row('SELECT overdraft_mh, hour_price_kopecks FROM {account} WHERE org_id = ? FOR UPDATE', [$orgId]);
            $this->database->rows(
                'INSERT INTO {account} (org_id, overdraft_mh, hour_price_kopecks) VALUES (?, ?, ?)
                 ON DUPLICATE KEY UPDATE overdraft_mh = VALUES(overdraft_mh), hour_price_kopecks = VALUES(hour_price_kopecks)',
                [$orgId, $overdraftMh, $price]
            );
            $cost = static function ($kopecks): ?string {
                return $kopecks === null ? null : Words::roubles((int) $kopecks);
            };
            $now = ['overdraft' => Words::hours($overdraftMh), 'price' => $cost($price)];
            if ($before === null) {
                $this->audit->note($by, 'opened', $orgId, $now);
                return;
            }
            $was = ['overdraft_was' => Words::hours((int) $before['overdraft_mh']), 'price_was' => $cost($before['hour_price_kopecks'])];
            if (array_values($was) !== array_values($now)) {
                $this->audit->note($by, 'terms', $orgId, $was + $now);
            }
        });
    }

    /** More hours for an account. */
    public function topUp(string $key, int $orgId, int $amountMh, string $reason, string $by): array
    {
        $this->lock($orgId);
        return $this->append(['key' => $key, 'kind' => 'top_up', 'org_id' => $orgId, 'amount_mh' => $amountMh, 'reason' => $reason, 'made_by' => $by]);
    }

    /**
     * Set hours aside for a stage.
     *
     * @throws Problem
     */
    public function hold(Access $access, string $key, int $orgId, string $ticketId, string $stageId, int $amountMh): array
    {
        $account = $this->lock($orgId);
        $ticket = $this->documents->ticketRow($access, $ticketId);
        $stage = $this->documents->stageRow($ticket, $stageId);
        if ($ticket['org_id'] !== $orgId) {
            throw Problem::notFound('ticket of this account:', $ticketId);
        }
        if ($ticket['state'] === 'withdrawn' && $stage['state'] !== 'accepted') {
            throw Problem::conflict('the ticket is withdrawn', 'withdrawn');
        }
        $available = $account['available_mh'] + $account['overdraft_limit_mh'];
        if ($available < $amountMh) {
            throw new Problem(
                'insufficient_balance',
                "{$amountMh} milli-hours do not fit",
                ['available_mh' => $available, 'needed_mh' => $amountMh]
            );
        }
        $holdId = 'h' . bin2hex(random_bytes(12));
        return $this->append([
            'key' => $key, 'kind' => 'hold', 'org_id' => $orgId, 'ticket_id' => $ticket['ticket_id'], 'stage_n' => $stage['n'],
            'amount_mh' => $amountMh, 'hold_id' => $holdId, 'ending' => 0, 'made_by' => $access->name,
        ]);
    }

    /**
     * Write an accepted stage off; what the hold has over returns by itself, for the hold has ended.
     *
     * A stage that is ready is accepted by it, where silence or the site's policy is what accepts.
     *
     * @param array[] $charges
     * @throws Problem
     */
    public function capture(
        Access $access, string $key, string $holdId, array $charges, int $amountMh, string $evidence, string $acceptedBy
    ): array {
        $hold = $this->openHold($access, $holdId);
        $stage = $this->database->row('SELECT * FROM {stage} WHERE n = ? FOR UPDATE', [$hold['stage_n']]);
        if ($stage === null) {
            throw Problem::conflict('the stage is there no longer', 'gone');
        }
        if (!in_array($stage['state'], $acceptedBy === 'customer' ? ['accepted'] : ['accepted', 'ready'], true)) {
            throw Problem::conflict('the stage is not accepted', $stage['state']);
        }
        $expected = self::taken($charges);
        if ($amountMh !== $expected) {
            throw new Problem(
                'amount_mismatch',
                "the charges make {$expected} milli-hours, not {$amountMh}",
                ['expected_mh' => $expected]
            );
        }
        if ($amountMh > $hold['amount_mh']) {
            throw Problem::conflict("{$amountMh} milli-hours are more than the hold's {$hold['amount_mh']}", 'held');
        }
        $price = $this->database->row('SELECT hour_price_kopecks FROM {account} WHERE org_id = ?', [$hold['org_id']])['hour_price_kopecks'];
        $this->database->rows(
            "UPDATE {stage} SET state = 'written_off', accepted_at = COALESCE(accepted_at, ?) WHERE n = ?",
            [Portal::now(), $stage['n']]
        );
        $entry = $this->append([
            'key' => $key, 'kind' => 'capture', 'org_id' => $hold['org_id'], 'ticket_id' => $hold['ticket_id'], 'stage_n' => $hold['stage_n'],
            'amount_mh' => $amountMh, 'hold_id' => $holdId, 'ending' => 1,
            'price_kopecks' => $price === null ? null : self::halfUp($amountMh, (int) $price, 1000),
            'charges' => Json::text($charges), 'evidence' => $evidence, 'made_by' => $access->name,
        ]);
        $this->changes->touch($hold['ticket_id']);
        return $entry;
    }

    /**
     * Give the whole hold back.
     *
     * @throws Problem
     */
    public function void(Access $access, string $key, string $holdId): array
    {
        $hold = $this->openHold($access, $holdId);
        return $this->append([
            'key' => $key, 'kind' => 'void', 'org_id' => $hold['org_id'], 'ticket_id' => $hold['ticket_id'], 'stage_n' => $hold['stage_n'],
            'amount_mh' => $hold['amount_mh'], 'hold_id' => $holdId, 'ending' => 1, 'made_by' => $access->name,
        ]);
    }

    /**
     * Take a capture back; its stage is accepted again, and can be written off anew.
     *
     * @throws Problem
     */
    public function reverse(Access $access, string $key, string $entryId, string $reason): array
    {
        $number = Documents::numberOf('l', $entryId);
        $entry = $number === null ? null : $this->database->row('SELECT * FROM {ledger} WHERE n = ?', [$number]);
        if ($entry === null || !$access->covers((int) $entry['org_id'])) {
            throw Problem::notFound('ledger entry', $entryId);
        }
        $this->lock((int) $entry['org_id']);
        if ($entry['kind'] !== 'capture') {
            throw Problem::conflict('only a capture can be reversed', $entry['kind']);
        }
        if ($this->database->row('SELECT n FROM {ledger} WHERE reverses = ?', [$number]) !== null) {
            throw Problem::conflict('the capture is reversed already', 'reversed');
        }
        $this->database->rows("UPDATE {stage} SET state = 'accepted' WHERE n = ? AND state = 'written_off'", [$entry['stage_n']]);
        $reversal = $this->append([
            'key' => $key, 'kind' => 'reversal', 'org_id' => $entry['org_id'], 'ticket_id' => $entry['ticket_id'], 'stage_n' => $entry['stage_n'],
            'amount_mh' => $entry['amount_mh'], 'reverses' => $number, 'reason' => $reason, 'made_by' => $access->name,
        ]);
        $this->changes->touch((int) $entry['ticket_id']);
        return $reversal;
    }

    /**
     * Milli-hours that the charges take: Σ charged_minutes × coefficient_milli / 60, rounded once, half up.
     *
     * @param array[] $charges
     * @throws Problem where the numbers are too large to be reckoned exactly
     */
    public static function taken(array $charges): int
    {
        $total = 0;
        foreach ($charges as $charge) {
            $total += $charge['charged_minutes'] * $charge['coefficient_milli'];
        }
        if (!is_int($total)) {
            throw Problem::invalid('charges: the numbers are too large');
        }
        return self::halfUp($total, 1, 60 * Portal::ROUNDING_UNIT_MH) * Portal::ROUNDING_UNIT_MH;
    }

    /** number × times / divisor, rounded half up, in whole numbers. */
    private static function halfUp(int $number, int $times, int $divisor): int
    {
        $product = 2 * $number * $times + $divisor;
        if (!is_int($product)) {
            throw Problem::invalid('amount_mh: the number is too large');
        }
        return intdiv($product, 2 * $divisor);
    }

    /**
     * Lock an account until the transaction ends; returns its balance.
     *
     * @throws Problem `not_found`
     */
    private function lock(int $orgId): array
    {
        $this->database->row('SELECT org_id FROM {account} WHERE org_id = ? FOR UPDATE', [$orgId]);
        return $this->documents->balance($orgId);
    }

    /**
     * A hold that has not ended; its account is locked.
     *
     * @throws Problem
     */
    private function openHold(Access $access, string $holdId): array
    {
        $hold = $this->database->row('SELECT * FROM {ledger} WHERE hold_id = ? AND ending = 0', [$holdId]);
        if ($hold === null || !$access->covers((int) $hold['org_id'])) {
            throw Problem::notFound('hold', $holdId);
        }
        $this->lock((int) $hold['org_id']);
        $end = $this->database->row('SELECT kind FROM {ledger} WHERE hold_id = ? AND ending = 1', [$holdId]);
        if ($end !== null) {
            $state = $end['kind'] === 'capture' ? 'captured' : 'voided';
            throw Problem::conflict("the hold is {$state} already", $state);
        }
        return array_map(static function ($value) {
            return is_string($value) && ctype_digit($value) ? (int) $value : $value;
        }, array_intersect_key($hold, array_flip(['org_id', 'ticket_id', 'stage_n', 'amount_mh'])));
    }

    private function append(array $values): array
    {
        $number = $this->database->insert('ledger', $values + ['charges' => '[]', 'evidence' => '{}', 'reason' => '', 'at' => Portal::now()]);
        return Documents::ledgerEntry($this->database->row('SELECT * FROM {ledger} WHERE n = ?', [$number]));
    }
}
