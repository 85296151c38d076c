<?php

namespace Otbridge;

/**
 * Idempotency keys, kept for ever: a write that succeeded is answered again and never done again; a refused one leaves its key free.
 */
class Keys
{
    /** @var Database */
    private $database;

    public function __construct(Database $database)
    {
        $this->database = $database;
    }

    /**
     * Do the write and keep its answer, in one transaction; or give the answer that is kept.
     *
     * @param string $request fingerprint of what is asked
     * @param string $token whose key it is, for the record
     * @param callable $work returns status and document, or throws Problem; then nothing is changed and nothing kept
     * @return array status, body, and whether it was given before
     * @throws Problem
     */
    public function once(string $key, string $request, string $token, callable $work): array
    {
        if (!$this->database->takeName("key:{$key}")) {
            throw new Problem('in_progress', "a request with the key {$key} is being processed");
        }
        try {
            return $this->database->transaction(function () use ($key, $request, $token, $work) {
                $kept = $this->database->row('SELECT request, status, body FROM {key} WHERE `key` = ?', [$key]);
                if ($kept !== null) {
                    if (!hash_equals($kept['request'], $request)) {
                        throw new Problem('key_reused', "the key {$key} belongs to another request");
                    }
                    return [(int) $kept['status'], $kept['body'], true];
                }
                [$status, $document] = $work();
                $body = Json::text($document);
                $this->database->insert('key', [
                    'key' => $key, 'request' => $request, 'status' => $status, 'body' => $body, 'token' => $token, 'at' => Portal::now(),
                ]);
                return [$status, $body, false];
            });
        } finally {
            $this->database->releaseName("key:{$key}");
        }
    }

    /**
     * `GET /keys/{key}`
     *
     * @throws Problem `not_found`
     */
    public function find(Access $access, string $key): array
    {
        $kept = $this->database->row('SELECT `key`, status, body, token, at FROM {key} WHERE `key` = ?', [$key]);
        if ($kept === null || ($access->orgId !== null && $kept['token'] !== $access->name)) {
            throw Problem::notFound('successful write with the key', $key);
        }
        return ['key' => $kept['key'], 'status' => (int) $kept['status'], 'body' => json_decode($kept['body']), 'at' => $kept['at']];
    }
}
