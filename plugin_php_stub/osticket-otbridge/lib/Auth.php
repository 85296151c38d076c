<?php

namespace Otbridge;

/**
 * Bearer tokens with scopes, and requests that an installation signs with its serial and key (docs/portal-api.md).
 */
class Auth
{
    /** Seconds that a signature's time may differ from the portal's. */
    private const WINDOW = 300;

    /** Ticks of a signature's time in a second. */
    private const TICKS = 10000;

    private const SIGNED = '/^OTSerial serial="([^"]{1,64})", time="(\d{1,20})", nonce="([A-Za-z0-9_-]{16,64})", hash="([0-9a-f]{40})"$/D';

    /** @var Database */
    private $database;

    public function __construct(Database $database)
    {
        $this->database = $database;
    }

    /**
     * Let a new token in; only its hash is kept, the token itself is returned once.
     *
     * @param string[] $scopes
     */
    public function addToken(string $name, array $scopes, ?int $orgId): string
    {
        $token = rtrim(strtr(base64_encode(random_bytes(24)), '+/', '-_'), '=');
        $this->database->insert('token', [
            'name' => $name, 'sha256' => hash('sha256', $token), 'scopes' => implode(' ', $scopes), 'org_id' => $orgId, 'created_at' => Portal::now(),
        ]);
        return $token;
    }

    /**
     * @param string $authorization the header
     * @param string $address path with query, as it stood in the request line
     * @throws Problem `unauthorized`
     */
    public function access(string $authorization, string $method, string $address, string $body): Access
    {
        if (stripos($authorization, 'Bearer ') === 0) {
            $row = $this->database->row(
                'SELECT name, scopes, org_id FROM {token} WHERE sha256 = ?',
                [hash('sha256', trim(substr($authorization, strlen('Bearer '))))]
            );
            if ($row === null) {
                throw new Problem('unauthorized', 'the token is not known');
            }
            return new Access($row['name'], explode(' ', $row['scopes']), self::number($row['org_id']));
        }
        if (strpos($authorization, 'OTSerial ') === 0) {
            return $this->signed($authorization, $method, $address, $body);
        }
        throw new Problem('unauthorized', 'no bearer token and no signature');
    }

    private function signed(string $authorization, string $method, string $address, string $body): Access
    {
        if (!preg_match(self::SIGNED, $authorization, $found)) {
            throw new Problem('unauthorized', "the signature's header is not the contract's");
        }
        // SHA-1 lets one who saw a signature append to what was signed; the padding that this takes is no printable text.
        if (!preg_match('/^[!-~]+$/D', $address)) {
            throw new Problem('unauthorized', 'a signed address holds printable ASCII only');
        }
        [, $serial, $time, $nonce, $hash] = $found;
        $row = $this->database->row('SELECT otkey, org_id FROM {installation} WHERE serial = ?', [$serial]);
        $signed = sha1(($row['otkey'] ?? '') . $time . $method . $address . hash('sha256', $body) . $nonce . $serial);
        if ($row === null || !hash_equals($signed, $hash)) {
            throw new Problem('unauthorized', 'serial, key and signature do not match');
        }
        $now = time();
        if (abs((float) $time / self::TICKS - $now) > self::WINDOW) {
            throw new Problem('unauthorized', sprintf("the signature's time is more than %d s from the portal's", self::WINDOW));
        }
        $this->database->rows('DELETE FROM {nonce} WHERE until_second < ?', [$now]);
        try {
            $this->database->insert('nonce', ['serial' => $serial, 'nonce' => $nonce, 'until_second' => $now + 2 * self::WINDOW]);
        } catch (DatabaseError $error) {
            throw new Problem('unauthorized', 'the nonce was used before');
        }
        return new Access("installation {$serial}", Access::SCOPES, self::number($row['org_id']));
    }

    private static function number(?string $value): ?int
    {
        return $value === null ? null : (int) $value;
    }
}
