<?php

namespace Otbridge;

/**
 * The contract's JSON of what osTicket and the plugin keep; nothing here changes anything.
 */
class Documents
{
    /** Fields of osTicket's own that are told elsewhere in a Ticket. */
    private const TOLD_ELSEWHERE = ['subject', 'message', 'priority'];

    /** Places of tickets that are looked through at a time. */
    private const ROWS = 1000;

    /** Bytes of JSON after which a page takes no further ticket. */
    private const PAGE = 4194304;

    /** Bytes of a ticket's messages that are told, the newest ones. */
    private const THREAD = 1048576;

    /** Messages that are read at a time. */
    private const MESSAGES = 50;

    /** @var Database */
    private $database;

    /** @var Topics */
    private $topics;

    public function __construct(Database $database, Topics $topics)
    {
        $this->database = $database;
        $this->topics = $topics;
    }

    /**
     * A ticket's own row, with the state that it has in the game.
     *
     * @throws Problem `not_found`, also for another organization's ticket and for one that was merged into another
     */
    public function ticketRow(Access $access, string $id): array
    {
        $row = ctype_digit($id) && strlen($id) < 10 ? $this->row((int) $id) : null;
        if ($row === null || $row['merged'] || !$access->covers($row['org_id'])) {
            throw Problem::notFound('ticket', $id);
        }
        return $row;
    }

    /**
     * The row of a ticket that may be merged into another one; null where there is none.
     *
     * Who closes a ticket before all is written off does not want it to be worked on: until it is opened again it counts as withdrawn.
     */
    public function row(int $ticketId): ?array
    {
        $there = Places::isThere();
        $row = $this->database->row(
            "SELECT ticket.ticket_id, ticket.number, ticket.topic_id, UNIX_TIMESTAMP(ticket.created) AS created, user.id AS user_id,
                 user.name AS user_name, user.org_id, org.name AS org_name, COALESCE(known.state, 'open') AS state,
                 COALESCE(known.version, 0) AS version, known.agreed_at, known.withdrawn_at, COALESCE(known.updated_at, '') AS updated_at,
                 NOT ({$there}) AS merged, status.state AS desk_state, UNIX_TIMESTAMP(COALESCE(ticket.closed, ticket.updated)) AS closed,
                 (SELECT COUNT(*) FROM {stage} AS stage WHERE stage.ticket_id = ticket.ticket_id) AS stages,
                 (SELECT COUNT(*) FROM {stage} AS stage WHERE stage.ticket_id = ticket.ticket_id AND stage.state = 'written_off') AS written_off
             FROM {{ticket}} AS ticket
             JOIN {{user}} AS user ON user.id = ticket.user_id
             LEFT JOIN {{organization}} AS org ON org.id = user.org_id
             LEFT JOIN {{ticket_status}} AS status ON status.id = ticket.status_id
             LEFT JOIN {ticket} AS known ON known.ticket_id = ticket.ticket_id
             WHERE ticket.ticket_id = ?",
            [$ticketId]
        );
        if ($row === null) {
            return null;
        }
        foreach (['ticket_id', 'topic_id', 'created', 'closed', 'user_id', 'org_id', 'version', 'stages', 'written_off'] as $name) {
            $row[$name] = (int) $row[$name];
        }
        $row['org_id'] = $row['org_id'] ?: null;
        $row['merged'] = (bool) $row['merged'];
        $unfinished = $row['stages'] === 0 || $row['written_off'] < $row['stages'];
        $shut = $row['desk_state'] !== null && $row['desk_state'] !== 'open';
        $row['shut'] = $shut && $unfinished && !in_array($row['state'], ['done', 'withdrawn'], true);
        if ($row['shut']) {
            $row['state'] = 'withdrawn';
            $row['withdrawn_at'] = Portal::moment($row['closed']);
        }
        return $row;
    }

    /**
     * A stage's own row.
     *
     * @throws Problem `not_found`
     */
    public function stageRow(array $ticket, string $id): array
    {
        $number = self::numberOf('s', $id);
        $row = $number === null ? null : $this->database->row(
            'SELECT * FROM {stage} WHERE ticket_id = ? AND n = ?',
            [$ticket['ticket_id'], $number]
        );
        if ($row === null) {
            throw Problem::notFound("stage of ticket {$ticket['ticket_id']}:", $id);
        }
        return $row;
    }

    /** A Ticket. */
    public function ticket(Access $access, string $id): array
    {
        return $this->database->snapshot(function () use ($access, $id) {
            return $this->told($this->ticketRow($access, $id), true);
        });
    }

    /**
     * `GET /tickets`: tickets below the prefix whose change is newer than the cursor, and those that are there no longer, oldest change first; the cursor
     * also passes what is left out.
     *
     * @param bool $thread whether messages are told
     */
    public function page(Access $access, string $prefix, int $place, int $limit, bool $thread): array
    {
        return $this->database->snapshot(function () use ($access, $prefix, $place, $limit, $thread) {
            $told = $gone = [];
            $size = 0;
            $page = static function (bool $more) use (&$told, &$gone, &$place): array {
                return ['tickets' => $told, 'gone' => $gone, 'next_cursor' => "c{$place}", 'has_more' => $more];
            };
            while (true) {
                $rows = $this->database->rows(
                    'SELECT place.*, known.`change`, known.updated_at FROM {ticket} AS known JOIN {place} AS place ON place.ticket_id = known.ticket_id
                     WHERE known.`change` > ? ORDER BY known.`change` LIMIT ?',
                    [$place, self::ROWS]
                );
                foreach ($rows as $row) {
                    $isThere = $row['gone'] === '' && $access->covers((int) $row['org_id'] ?: null) && Portal::isBelow($row['category'], $prefix);
                    $left = $isThere ? null : Places::gone($access, $prefix, $row);
                    if (($isThere || $left) && count($told) + count($gone) === $limit) {
                        return $page(true);
                    }
                    if ($left) {
                        $gone[] = $left;
                    }
                    // One that was deleted a moment ago is told as gone when that is noticed.
                    $ticket = $isThere ? $this->row((int) $row['ticket_id']) : null;
                    if ($ticket !== null) {
                        $one = $this->told($ticket, $thread);
                        $size += strlen(Json::text($one));
                        if ($told && $size > self::PAGE) {
                            return $page(true);
                        }
                        $told[] = $one;
                    }
                    $place = (int) $row['change'];
                }
                if (count($rows) < self::ROWS) {
                    return $page(false);
                }
            }
        });
    }

    /**
     * An Account; its sums are those of its ledger.
     *
     * @throws Problem `not_found`
     */
    public function account(Access $access, string $id): array
    {
        return $this->database->snapshot(function () use ($access, $id) {
            $orgId = self::orgOf($id);
            if ($orgId === null || !$access->covers($orgId)) {
                throw Problem::notFound('account', $id);
            }
            return $this->balance($orgId);
        });
    }

    /**
     * @throws Problem `not_found` where the organization has no account
     */
    public function balance(int $orgId): array
    {
        $row = $this->database->row('SELECT overdraft_mh, hour_price_kopecks FROM {account} WHERE org_id = ?', [$orgId]);
        if ($row === null) {
            throw Problem::notFound('account', self::accountId($orgId));
        }
        $sums = array_map('intval', $this->database->row(
            "SELECT COALESCE(SUM(CASE WHEN kind = 'top_up' THEN amount_mh END), 0) AS granted_mh,
                 COALESCE(SUM(CASE kind WHEN 'capture' THEN amount_mh WHEN 'reversal' THEN -amount_mh END), 0) AS posted_mh,
                 COALESCE(SUM(CASE WHEN kind = 'hold' AND NOT EXISTS (
                     SELECT 1 FROM {ledger} AS ended WHERE ended.hold_id = entry.hold_id AND ended.ending = 1) THEN amount_mh END), 0) AS held_mh,
                 COALESCE(MAX(n), 0) AS version
             FROM {ledger} AS entry WHERE org_id = ?",
            [$orgId]
        ));
        return ['id' => self::accountId($orgId)] + $sums + [
            'available_mh' => $sums['granted_mh'] - $sums['posted_mh'] - $sums['held_mh'],
            'overdraft_limit_mh' => (int) $row['overdraft_mh'],
            'hour_price_kopecks' => $row['hour_price_kopecks'] === null ? null : (int) $row['hour_price_kopecks'],
        ];
    }

    /** `GET /ledger` */
    public function ledgerPage(Access $access, string $accountId, int $place, int $limit): array
    {
        return $this->database->snapshot(function () use ($access, $accountId, $place, $limit) {
            $this->account($access, $accountId);
            $rows = $this->database->rows(
                'SELECT * FROM {ledger} WHERE org_id = ? AND n > ? ORDER BY n LIMIT ?',
                [self::orgOf($accountId), $place, $limit + 1]
            );
            $shown = array_slice($rows, 0, $limit);
            return [
                'entries' => array_map([self::class, 'ledgerEntry'], $shown),
                'next_cursor' => 'c' . ($shown ? end($shown)['n'] : $place),
                'has_more' => count($rows) > $limit,
            ];
        });
    }

    /** A LedgerEntry. */
    public static function ledgerEntry(array $row): array
    {
        $number = static function (?string $value): ?int {
            return $value === null ? null : (int) $value;
        };
        return [
            'id' => "l{$row['n']}", 'key' => $row['key'], 'kind' => $row['kind'], 'account_id' => self::accountId((int) $row['org_id']),
            'ticket_id' => $row['ticket_id'] === null ? null : (string) $row['ticket_id'],
            'stage_id' => $row['stage_n'] === null ? null : "s{$row['stage_n']}", 'amount_mh' => (int) $row['amount_mh'],
            'hold_id' => $row['hold_id'], 'reverses' => $row['reverses'] === null ? null : "l{$row['reverses']}",
            'price_kopecks' => $number($row['price_kopecks']), 'at' => $row['at'], 'charges' => json_decode($row['charges']),
        ];
    }

    /**
     * The file of an attachment, with what the contract tells of it.
     *
     * @throws Problem `not_found`
     */
    public function attachmentRow(array $ticket, string $id): array
    {
        $number = self::numberOf('a', $id);
        $row = $number === null ? null : $this->database->row(
            'SELECT * FROM {file} WHERE ticket_id = ? AND n = ?',
            [$ticket['ticket_id'], $number]
        );
        if ($row === null) {
            throw Problem::notFound("attachment of ticket {$ticket['ticket_id']}:", $id);
        }
        return $row;
    }

    /** An Attachment. */
    public static function attachment(array $row): array
    {
        return [
            'id' => "a{$row['n']}", 'name' => $row['name'], 'size' => (int) $row['size'], 'sha256' => $row['sha256'], 'media_type' => $row['media_type'],
        ];
    }

    /** Stages of a ticket in their order. */
    public function stages(int $ticketId): array
    {
        return $this->database->rows('SELECT * FROM {stage} WHERE ticket_id = ? ORDER BY position', [$ticketId]);
    }

    /**
     * Milli-hours that are held and that are written off, by the number of the stage.
     *
     * @return array[] held_mh and written_off_mh of each
     */
    public function booked(int $ticketId): array
    {
        $rows = $this->database->rows(
            "SELECT stage_n, COALESCE(SUM(CASE kind WHEN 'capture' THEN amount_mh WHEN 'reversal' THEN -amount_mh END), 0) AS written_off_mh,
                 COALESCE(SUM(CASE WHEN kind = 'hold' AND NOT EXISTS (
                     SELECT 1 FROM {ledger} AS ended WHERE ended.hold_id = entry.hold_id AND ended.ending = 1) THEN amount_mh END), 0) AS held_mh
             FROM {ledger} AS entry WHERE ticket_id = ? GROUP BY stage_n",
            [$ticketId]
        );
        return array_map(static function (array $row): array {
            return array_map('intval', $row);
        }, array_column($rows, null, 'stage_n'));
    }

    /**
     * The place that a cursor names; the beginning when there is none.
     *
     * @throws Problem `invalid`
     */
    public static function place(?string $cursor): int
    {
        $place = $cursor === null ? 0 : self::numberOf('c', $cursor);
        if ($place === null) {
            throw Problem::invalid("cursor: is none of this portal's");
        }
        return $place;
    }

    /** The number in an id or a cursor of the form that the portal gives out: a letter and a number. */
    public static function numberOf(string $letter, string $id): ?int
    {
        return preg_match("/^{$letter}(0|[1-9][0-9]{0,17})$/D", $id, $found) ? (int) $found[1] : null;
    }

    /** The account of an organization. */
    public static function accountId(int $orgId): string
    {
        return "org-{$orgId}";
    }

    /** The organization of an account, null where the id is of no account. */
    public static function orgOf(string $accountId): ?int
    {
        return preg_match('/^org-([1-9][0-9]{0,8})$/D', $accountId, $found) ? (int) $found[1] : null;
    }

    /** The ticket's category: the full name of its help topic. */
    public function category(array $row): string
    {
        return $this->topics->category($row['topic_id']);
    }

    private function told(array $row, bool $thread): array
    {
        $id = $row['ticket_id'];
        $fields = $this->fields($id);
        $created = Portal::moment($row['created']);
        // Whoever belongs to no organization has no account; the bridge is told an id under which there is none.
        $account = $row['org_id'] === null ? "user-{$row['user_id']}" : self::accountId($row['org_id']);
        return [
            'id' => (string) $id, 'number' => $row['number'], 'version' => $row['version'], 'category' => $this->category($row),
            'subject' => $this->subject($id), 'customer' => ['id' => $account, 'name' => $row['org_name'] ?? $row['user_name']],
            'account_id' => $account, 'installation' => self::serial($fields), 'state' => $row['state'],
            'created_at' => $created, 'updated_at' => $row['updated_at'] ?: $created, 'agreement_required' => true,
            'agreed_at' => $row['agreed_at'], 'withdrawn_at' => $row['withdrawn_at'],
            'fields' => (object) array_diff_key($fields, array_flip(self::installations($fields))),
            'attachments' => $this->attachments($id), 'stages' => array_map([self::class, 'stage'], $this->stages($id)),
            'time_entries' => array_map([self::class, 'timeEntry'], $this->timeEntries($id)),
        ] + ($thread ? ['thread' => $this->thread($id)] : []);
    }

    private function subject(int $ticketId): string
    {
        foreach ($this->answers($ticketId) as $answer) {
            if ($answer['name'] === 'subject') {
                return (string) $answer['value'];
            }
        }
        return '';
    }

    /**
     * What the customer filled into the ticket's forms: texts by variable name.
     *
     * Where two forms have a variable of one name and say two things, the first form's text is told under the name, and each further one under the name
     * with its form's in brackets: nobody chooses between them in silence.
     */
    public function fields(int $ticketId): array
    {
        $fields = [];
        foreach ($this->answers($ticketId) as $answer) {
            $name = (string) $answer['name'];
            $text = (string) $answer['value'] === '' ? '' : self::textOf($answer);
            if ($name === '' || $text === '' || in_array($name, self::TOLD_ELSEWHERE, true)) {
                continue;
            }
            $called = $name;
            for ($number = 1; isset($fields[$called]) && trim($fields[$called]) !== trim($text); $number++) {
                $called = "{$name} ({$answer['form']}" . ($number === 1 ? '' : " {$number}") . ')';
            }
            $fields[$called] = $fields[$called] ?? $text;
        }
        return $fields;
    }

    private function answers(int $ticketId): array
    {
        return $this->database->rows(
            "SELECT field.name, field.type, field.configuration, answer.value, form.title AS form FROM {{form_entry}} AS entry
             JOIN {{form}} AS form ON form.id = entry.form_id
             JOIN {{form_entry_values}} AS answer ON answer.entry_id = entry.id
             JOIN {{form_field}} AS field ON field.id = answer.field_id
             WHERE entry.object_type = 'T' AND entry.object_id = ? ORDER BY entry.sort, entry.id, field.sort, field.id",
            [$ticketId]
        );
    }

    /** The serial of the installation; where forms name several, all of them, which is none that the bridge knows. */
    private static function serial(array $fields): ?string
    {
        $serials = array_intersect_key($fields, array_flip(self::installations($fields)));
        return $serials ? implode(' / ', $serials) : null;
    }

    /**
     * Names of the fields that hold a serial.
     *
     * @return string[]
     */
    private static function installations(array $fields): array
    {
        $field = Portal::installationField();
        return array_filter(array_keys($fields), static function ($name) use ($field): bool {
            return $field !== '' && ((string) $name === $field || strpos((string) $name, "{$field} (") === 0);
        });
    }

    private static function textOf(array $answer): string
    {
        $chosen = json_decode($answer['value'], true);
        if (is_array($chosen) && $answer['type'] === 'choices') {
            return implode(', ', array_keys($chosen));
        }
        if (is_array($chosen) && strpos($answer['type'], 'list-') === 0) {
            return implode(', ', $chosen);
        }
        $rich = $answer['type'] === 'memo' && Lines::isRich($answer['configuration']);
        return $rich ? trim(\Format::html2text($answer['value'], 0)) : $answer['value'];
    }

    /** The newest messages, oldest first, as many as fit. */
    private function thread(int $ticketId): array
    {
        $told = [];
        $size = 0;
        $last = PHP_INT_MAX;
        do {
            $rows = $this->database->rows(
                "SELECT entry.id, entry.type, entry.body, entry.format, UNIX_TIMESTAMP(entry.created) AS created, note.text AS noted
                 FROM {{thread}} AS thread JOIN {{thread_entry}} AS entry ON entry.thread_id = thread.id
                 LEFT JOIN {note} AS note ON note.entry_id = entry.id
                 WHERE thread.object_type = 'T' AND thread.object_id = ? AND NOT entry.flags & ? AND entry.id < ?
                 ORDER BY entry.id DESC LIMIT ?",
                [$ticketId, \ThreadEntry::FLAG_HIDDEN, $last, self::MESSAGES] // what an agent corrected stays in osTicket, hidden
            );
            foreach ($rows as $row) {
                $text = $row['noted'] ?? ($row['format'] === 'html' ? trim(\Format::html2text($row['body'], 0)) : Html::plain($row['body']));
                $size += strlen($text);
                if ($told && $size > self::THREAD) {
                    break 2;
                }
                $told[] = [
                    'id' => "n{$row['id']}",
                    'author' => $row['noted'] !== null ? 'bridge' : ($row['type'] === 'M' ? 'customer' : 'specialist'),
                    'visibility' => $row['type'] === 'N' ? 'internal' : 'customer',
                    'at' => Portal::moment((int) $row['created']),
                    'text' => $text === '' ? '–' : $text,
                ];
                $last = (int) $row['id'];
            }
        } while (count($rows) === self::MESSAGES);
        usort($told, static function (array $one, array $other): int {
            return [$one['at'], (int) substr($one['id'], 1)] <=> [$other['at'], (int) substr($other['id'], 1)];
        });
        return $told;
    }

    private function attachments(int $ticketId): array
    {
        return array_map([self::class, 'attachment'], $this->database->rows('SELECT * FROM {file} WHERE ticket_id = ? ORDER BY n', [$ticketId]));
    }

    private function timeEntries(int $ticketId): array
    {
        return $this->database->rows('SELECT * FROM {time_entry} WHERE ticket_id = ? ORDER BY n', [$ticketId]);
    }

    private static function stage(array $row): array
    {
        return [
            'id' => "s{$row['n']}", 'title' => $row['title'], 'estimate_mh' => (int) $row['estimate_mh'],
            'coefficient_milli' => (int) $row['coefficient_milli'], 'state' => $row['state'], 'revision' => (int) $row['revision'],
            'accepted_at' => $row['accepted_at'], 'rejected_at' => $row['rejected_at'], 'comment' => $row['comment'],
        ];
    }

    private static function timeEntry(array $row): array
    {
        return [
            'id' => "w{$row['n']}", 'stage_id' => $row['stage_n'] === null ? null : "s{$row['stage_n']}", 'specialist' => $row['specialist'],
            'category' => $row['category'], 'minutes' => (int) $row['minutes'], 'at' => $row['at'], 'note' => $row['note'],
        ];
    }
}
