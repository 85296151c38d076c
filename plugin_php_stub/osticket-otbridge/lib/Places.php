<?php

namespace Otbridge;

/**
 * Where tickets stand for those who ask: category, organization, and whether they are there at all. What a ticket was told as before is kept, so that
 * whoever was told of it is told when it leaves.
 *
 * Merged and deleted tickets leave no event that could be counted, nor do renamed topics and users who are given to another organization; so all
 * known tickets are compared with osTicket's.
 */
class Places
{
    /** A child that was merged into its parent; one that is only linked is a ticket of its own. */
    private const MERGED = "ticket.ticket_pid IS NOT NULL AND ticket.flags & 3";

    /** Former places that are kept of one ticket. */
    private const MOST = 50;

    /** @var Database */
    private $database;

    /** @var Topics */
    private $topics;

    public function __construct(Database $database, Topics $topics)
    {
        $this->database = $database;
        $this->topics = $topics;
    }

    /** The SQL condition of a ticket that is one of its own, for rows of osTicket's table under the name `ticket`. */
    public static function isThere(): string
    {
        return 'NOT (' . self::MERGED . ')';
    }

    /**
     * Known tickets that stand elsewhere than they were last told.
     *
     * @return int[]
     */
    public function astray(int $limit): array
    {
        $merged = self::MERGED;
        $rows = $this->database->rows(
            "SELECT known.ticket_id FROM {ticket} AS known
             JOIN {place} AS place ON place.ticket_id = known.ticket_id
             LEFT JOIN {{ticket}} AS ticket ON ticket.ticket_id = known.ticket_id
             LEFT JOIN {{user}} AS user ON user.id = ticket.user_id
             LEFT JOIN {topic} AS topic ON topic.topic_id = ticket.topic_id
             WHERE CASE WHEN ticket.ticket_id IS NULL THEN place.gone = ''
                 ELSE place.gone <> CASE WHEN {$merged} THEN 'merged' ELSE '' END
                     OR place.category <> COALESCE(topic.category, '') OR place.org_id <> COALESCE(user.org_id, 0) END
             ORDER BY known.ticket_id LIMIT ?",
            [$limit]
        );
        return array_map('intval', array_column($rows, 'ticket_id'));
    }

    /**
     * Known tickets of which no place is kept, for they were told before the plugin kept any.
     *
     * @return int[]
     */
    public function unplaced(int $limit): array
    {
        $rows = $this->database->rows(
            'SELECT known.ticket_id FROM {ticket} AS known LEFT JOIN {place} AS place ON place.ticket_id = known.ticket_id
             WHERE place.ticket_id IS NULL LIMIT ?',
            [$limit]
        );
        return array_map('intval', array_column($rows, 'ticket_id'));
    }

    /** Keep where a ticket that was told before places were kept stands; returns whether that has to be told. */
    public function settle(int $ticketId): bool
    {
        $now = $this->now($ticketId);
        $booked = $this->database->row('SELECT org_id FROM {ledger} WHERE ticket_id = ? LIMIT 1', [$ticketId]);
        $left = $booked === null ? [] : [[(int) $booked['org_id'], null]]; // nobody knows under which category it was told
        $this->write($ticketId, $now, $left);
        return $booked !== null && ($now['gone'] !== '' || !Portal::isPaid($now['category']));
    }

    /** Keep where a ticket stands now; belongs to the transaction that counts its change. */
    public function keep(int $ticketId): void
    {
        $now = $this->now($ticketId);
        $before = $this->database->row('SELECT * FROM {place} WHERE ticket_id = ?', [$ticketId]);
        $left = $before === null ? [] : json_decode($before['left_from'], true);
        if ($before !== null) {
            $former = [(int) $before['org_id'], $before['category']];
            if ($former !== [$now['org_id'], $now['category']] && !in_array($former, $left, true)) {
                $left = array_slice(array_merge($left, [$former]), -self::MOST);
            }
        }
        $this->write($ticketId, $now, $left);
    }

    /**
     * A Gone of a row of places; null for a ticket that this access was never told of under the prefix.
     */
    public static function gone(Access $access, string $prefix, array $row): ?array
    {
        $places = array_merge(json_decode($row['left_from'], true), [[(int) $row['org_id'], $row['category']]]);
        foreach ($places as $place) {
            [$orgId, $category] = $place;
            if ($access->covers($orgId ?: null) && ($category === null || Portal::isBelow($category, $prefix))) {
                return [
                    'id' => (string) $row['ticket_id'], 'reason' => $row['gone'] ?: 'moved', 'at' => $row['updated_at'],
                    'into' => $row['gone_into'] === '' ? null : $row['gone_into'],
                ];
            }
        }
        return null;
    }

    /** Where the ticket stands in osTicket; of one that is not there, where it stood. */
    private function now(int $ticketId): array
    {
        $merged = self::MERGED;
        $row = $this->database->row(
            "SELECT ticket.topic_id, COALESCE(user.org_id, 0) AS org_id, {$merged} AS merged, parent.number
             FROM {{ticket}} AS ticket LEFT JOIN {{user}} AS user ON user.id = ticket.user_id
             LEFT JOIN {{ticket}} AS parent ON parent.ticket_id = ticket.ticket_pid WHERE ticket.ticket_id = ?",
            [$ticketId]
        );
        if ($row !== null) {
            return [
                'org_id' => (int) $row['org_id'], 'category' => $this->topics->category((int) $row['topic_id']),
                'gone' => $row['merged'] ? 'merged' : '', 'gone_into' => $row['merged'] ? (string) $row['number'] : '',
            ];
        }
        $before = $this->database->row('SELECT org_id, category, gone, gone_into FROM {place} WHERE ticket_id = ?', [$ticketId]);
        $parent = $before['gone_into'] ?? '';
        if ($parent === '') {
            $parent = $this->mergedInto($ticketId);
        }
        return [
            'org_id' => (int) ($before['org_id'] ?? 0), 'category' => $before['category'] ?? '',
            'gone' => $parent === '' ? 'deleted' : 'merged', 'gone_into' => $parent,
        ];
    }

    /** Number of the ticket that a deleted one was merged into; osTicket keeps the thread of such a one. "" where it was not merged. */
    private function mergedInto(int $ticketId): string
    {
        $thread = $this->database->row("SELECT extra FROM {{thread}} WHERE object_type = 'C' AND object_id = ?", [$ticketId]);
        $parent = $thread === null ? null : (json_decode((string) $thread['extra'], true)['ticket_id'] ?? null);
        $row = $parent === null ? null : $this->database->row('SELECT number FROM {{ticket}} WHERE ticket_id = ?', [(int) $parent]);
        return (string) ($row['number'] ?? '');
    }

    private function write(int $ticketId, array $now, array $left): void
    {
        $this->database->rows(
            'INSERT INTO {place} (ticket_id, org_id, category, gone, gone_into, left_from) VALUES (?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE
             org_id = VALUES(org_id), category = VALUES(category), gone = VALUES(gone), gone_into = VALUES(gone_into), left_from = VALUES(left_from)',
            [$ticketId, $now['org_id'], $now['category'], $now['gone'], $now['gone_into'], Json::text($left)]
        );
    }
}
