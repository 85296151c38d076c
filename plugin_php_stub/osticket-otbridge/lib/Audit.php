<?php

namespace Otbridge;

/**
 * Who changed what about accounts and access, and when; only ever added to. Hours themselves stand in the ledger.
 */
class Audit
{
    /** Changes that a page shows, the newest ones. */
    private const SHOWN = 50;

    /** @var Database */
    private $database;

    public function __construct(Database $database)
    {
        $this->database = $database;
    }

    /**
     * Write a change down; belongs to the transaction that makes it.
     *
     * @param string $what the text's name without `audit_`
     * @param array $details values for the text's places
     */
    public function note(string $by, string $what, ?int $orgId, array $details): void
    {
        $this->database->insert('audit', [
            'at' => Portal::now(), 'made_by' => mb_substr($by, 0, 128), 'what' => $what, 'org_id' => $orgId, 'details' => Json::text((object) $details),
        ]);
    }

    /**
     * The newest changes of some kinds, newest first.
     *
     * @param string[] $kinds
     * @return array[] at, made_by, org (name or null) and told of each
     */
    public function newest(array $kinds): array
    {
        $marks = implode(', ', array_fill(0, count($kinds), '?'));
        $rows = $this->database->rows(
            "SELECT audit.*, org.name AS org FROM {audit} AS audit LEFT JOIN {{organization}} AS org ON org.id = audit.org_id
             WHERE audit.what IN ({$marks}) ORDER BY audit.n DESC LIMIT ?",
            array_merge($kinds, [self::SHOWN])
        );
        return array_map(static function (array $row): array {
            $details = array_map(static function ($value): string {
                return $value === null ? '–' : (string) $value;
            }, json_decode($row['details'], true));
            return ['at' => $row['at'], 'made_by' => $row['made_by'], 'org' => $row['org'], 'told' => Words::tell("audit_{$row['what']}", $details)];
        }, $rows);
    }
}
