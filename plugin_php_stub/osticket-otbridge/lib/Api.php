<?php

namespace Otbridge;

/**
 * The contract's addresses under /api/otbridge/v1: who asks, what is asked, and the answer.
 */
class Api
{
    private const CAPABILITIES = [
        'ledger', 'holds', 'idempotent_writes', 'compare_and_set', 'reversals', 'private_notes', 'change_cursor', 'tacit_acceptance',
    ];

    /** Method, pattern of the path, what serves it, scope. Ids are what stands between two slashes. */
    private const ROUTES = [
        ['GET', '/meta', 'meta', null],
        ['GET', '/tickets', 'tickets', 'tickets:read'],
        ['GET', '/tickets/*', 'ticket', 'tickets:read'],
        ['GET', '/tickets/*/attachments/*', 'download', 'tickets:read'],
        ['GET', '/accounts/*', 'account', 'ledger:read'],
        ['GET', '/ledger', 'ledgerPage', 'ledger:read'],
        ['GET', '/keys/*', 'find', null],
        ['POST', '/tickets/*/notes', 'note', 'tickets:write'],
        ['POST', '/tickets/*/attachments', 'attach', 'tickets:write'],
        ['POST', '/tickets/*/state', 'setTicketState', 'tickets:write'],
        ['POST', '/tickets/*/stages/*/state', 'setStageState', 'tickets:write'],
        ['POST', '/accounts/*/holds', 'hold', 'ledger:write'],
        ['POST', '/holds/*/capture', 'capture', 'ledger:write'],
        ['POST', '/holds/*/void', 'void', 'ledger:write'],
        ['POST', '/ledger/*/reversal', 'reverse', 'ledger:write'],
    ];

    private const KEY = '/^(?!\.{1,2}$)[A-Za-z0-9._:-]{1,64}$/D';
    private const LIMIT = '/^([1-9][0-9]?|100)$/D';

    /** @var Services */
    private $services;

    /** @var string */
    private $method;

    /** @var string path with query, as it stood in the request line */
    private $address;

    /** @var string */
    private $body;

    /** @var Access */
    private $access;

    public function __construct()
    {
        $this->services = new Services(Portal::database());
        $this->method = $_SERVER['REQUEST_METHOD'];
        $this->address = $_SERVER['REQUEST_URI'];
        $this->body = (string) file_get_contents('php://input');
    }

    /** osTicket's dispatcher asks each controller. */
    public function access(): bool
    {
        return true;
    }

    /** Serve the request; nothing of osTicket's comes after it. */
    public function serve(): void
    {
        ini_set('display_errors', '0'); // what fails behind the answer, such as osTicket's session, is no part of it
        header('X-Request-Id: ' . bin2hex(random_bytes(16)));
        try {
            // osTicket's connection speaks three-byte UTF-8; what the bridge writes is kept as it came.
            $GLOBALS['__db']->set_charset('utf8mb4');
            $this->dispatch();
        } catch (Problem $problem) {
            self::refuse($problem);
        } catch (\Throwable $error) {
            self::fail(get_class($error) . ': ' . $error->getMessage());
        }
        exit;
    }

    /** Answer that the portal failed; the reason goes into osTicket's log, where the database still takes it, and into the server's. */
    public static function fail(string $why): void
    {
        self::refuse(new Problem('internal', 'the portal failed'));
        error_log("otbridge: {$why}");
        try {
            $GLOBALS['ost']->logError('otbridge', $why, false);
        } catch (\Throwable $error) {
            return; // the database is away
        }
    }

    private function dispatch(): void
    {
        $path = (string) strtok($this->address, '?');
        $path = substr($path, strpos($path, '/otbridge/v1') + strlen('/otbridge/v1'));
        $allowed = [];
        foreach (self::ROUTES as [$method, $pattern, $name, $scope]) {
            $regex = '~^' . str_replace('\*', '([^/]+)', preg_quote($pattern, '~')) . '$~D';
            if (!preg_match($regex, $path, $found)) {
                continue;
            }
            $allowed[] = $method;
            if ($this->method === $method) {
                $arguments = array_map('rawurldecode', array_slice($found, 1));
                $this->access = $this->services->auth->access(
                    $_SERVER['HTTP_AUTHORIZATION'] ?? '',
                    $this->method,
                    $this->address,
                    $this->body
                );
                $this->access->want($scope);
                $instance = $_SERVER['HTTP_OTBRIDGE_INSTANCE'] ?? '';
                if ($method === 'GET') {
                    $this->services->bridges->hear($instance);
                    $this->$name(...$arguments);
                } else {
                    $this->services->bridges->admit($this->access, $instance);
                    $this->write($name, $arguments);
                }
                return;
            }
        }
        if ($allowed) {
            header('Allow: ' . implode(', ', $allowed));
            throw new Problem('method_not_allowed', 'this address knows ' . implode(', ', $allowed) . ' only');
        }
        throw new Problem('not_found', 'the contract has no such address');
    }

    private function meta(): void
    {
        $this->answer(200, [
            'contract' => '1.0',
            'engine' => ['name' => 'osTicket', 'version' => MAJOR_VERSION . ' with otbridge ' . Services::VERSION],
            'time' => Portal::now(),
            'capabilities' => self::CAPABILITIES,
            'scopes' => $this->access->scopes,
            'rounding_unit_mh' => Portal::ROUNDING_UNIT_MH,
        ]);
    }

    private function tickets(): void
    {
        $place = Documents::place($this->query('cursor'));
        $limit = $this->limit();
        $thread = $this->query('thread') ?? '';
        if (!in_array($thread, ['', 'none'], true)) {
            throw Problem::invalid('thread: must be none, or be left out');
        }
        $all = $this->services->changes->takeUp(true);
        $document = $this->services->documents->page($this->access, $this->query('category_prefix') ?? '', $place, $limit, $thread === '');
        header("X-Next-Cursor: {$document['next_cursor']}");
        $document['has_more'] = $document['has_more'] || !$all;
        $etag = '"' . sha1($this->address . "\n" . Json::text($document)) . '"';
        header("ETag: {$etag}");
        if (($_SERVER['HTTP_IF_NONE_MATCH'] ?? '') === $etag) {
            http_response_code(304);
            return;
        }
        $this->answer(200, $document);
    }

    private function ticket(string $id): void
    {
        $this->services->changes->takeUp(false);
        $this->answer(200, $this->services->documents->ticket($this->access, $id));
    }

    private function download(string $id, string $attachment): void
    {
        $row = $this->services->documents->attachmentRow($this->services->documents->ticketRow($this->access, $id), $attachment);
        $content = $this->services->files->content($row);
        http_response_code(200);
        header('Content-Type: ' . preg_replace('/[^!-~ ]/', '', $row['media_type']));
        header('Content-Length: ' . strlen($content));
        header('X-Content-Type-Options: nosniff');
        header('Content-Disposition: attachment');
        echo $content;
    }

    private function account(string $id): void
    {
        $this->answer(200, $this->services->documents->account($this->access, $id));
    }

    private function ledgerPage(): void
    {
        $account = $this->query('account_id');
        if ($account === null) {
            throw Problem::invalid('account_id: must be given');
        }
        $this->answer(200, $this->services->documents->ledgerPage(
            $this->access,
            $account,
            Documents::place($this->query('cursor')),
            $this->limit()
        ));
    }

    private function find(string $key): void
    {
        $this->answer(200, $this->services->keys->find($this->access, $key));
    }

    /**
     * Do a write once under its key. The key is looked up before anything else about the write is judged.
     *
     * @param string[] $arguments
     */
    private function write(string $name, array $arguments): void
    {
        $key = $_SERVER['HTTP_IDEMPOTENCY_KEY'] ?? '';
        if (!preg_match(self::KEY, $key)) {
            throw Problem::invalid('Idempotency-Key: must be 1 to 64 characters of A–Z, a–z, 0–9, . _ : -, and neither . nor ..');
        }
        $content = $name === 'attach' ? $this->mediaType() . "\n" . $this->body : Json::canonical($this->body);
        // Whoever is for one organization is answered nothing that another one asked for.
        $request = hash('sha256', "{$this->access->orgId}\n{$this->method}\n{$this->address}\n{$content}");
        [$status, $body, $replayed] = $this->services->keys->once(
            $key,
            $request,
            $this->access->name,
            function () use ($name, $key, $arguments) {
                return $this->$name($key, ...$arguments);
            }
        );
        if ($replayed) {
            header('Idempotent-Replayed: true');
        }
        self::send($status, 'application/json', $body);
        $this->services->mails->send();
    }

    private function note(string $key, string $ticket): array
    {
        $body = Body::of($this->body);
        $text = $body->text('text');
        $visibility = $body->word('visibility', ['customer', 'internal']);
        $body->end();
        return [201, $this->services->tickets->note($this->access, $ticket, $text, $visibility)];
    }

    private function attach(string $key, string $ticket): array
    {
        if (stripos($this->mediaType(), 'multipart/form-data') === 0) {
            throw Problem::invalid('Content-Type: the body must be the file itself; of a form PHP leaves nothing'); // php://input is empty then
        }
        return [201, $this->services->tickets->attach($this->access, $ticket, $this->query('name') ?? '', $this->mediaType(), $this->body)];
    }

    private function setTicketState(string $key, string $ticket): array
    {
        $body = Body::of($this->body);
        $state = $body->word('state', TicketWrites::TICKET_STATES);
        $expected = $body->words('expected', TicketWrites::TICKET_STATES);
        $body->end();
        return [200, $this->services->tickets->setState($this->access, $ticket, $state, $expected)];
    }

    private function setStageState(string $key, string $ticket, string $stage): array
    {
        $body = Body::of($this->body);
        $state = $body->word('state', TicketWrites::STAGE_STATES);
        $expected = $body->words('expected', TicketWrites::STAGE_STATES);
        $evidence = $body->object('evidence', false);
        $body->end();
        return [200, $this->services->tickets->setStageState($this->access, $ticket, $stage, $state, $expected, $evidence)];
    }

    private function hold(string $key, string $account): array
    {
        $body = Body::of($this->body);
        $ticket = $body->text('ticket_id');
        $stage = $body->text('stage_id');
        $amount = $body->count('amount_mh');
        $body->end();
        $orgId = Documents::orgOf($account);
        if ($orgId === null || !$this->access->covers($orgId)) {
            throw Problem::notFound('account', $account);
        }
        return [201, $this->services->ledger->hold($this->access, $key, $orgId, $ticket, $stage, $amount)];
    }

    private function capture(string $key, string $hold): array
    {
        $body = Body::of($this->body);
        $charges = $body->each('charges', static function (Body $line): array {
            return [
                'category' => $line->text('category'), 'spent_minutes' => $line->count('spent_minutes'),
                'charged_minutes' => $line->count('charged_minutes'), 'coefficient_milli' => $line->count('coefficient_milli', 1),
            ];
        });
        $amount = $body->count('amount_mh');
        $evidence = $body->object('evidence', true);
        $acceptedBy = $body->word('accepted_by', ['customer', 'silence', 'policy'], 'customer');
        $body->end();
        return [201, $this->services->ledger->capture($this->access, $key, $hold, $charges, $amount, $evidence, $acceptedBy)];
    }

    private function void(string $key, string $hold): array
    {
        Body::of($this->body)->end();
        return [201, $this->services->ledger->void($this->access, $key, $hold)];
    }

    private function reverse(string $key, string $entry): array
    {
        $body = Body::of($this->body);
        $reason = $body->text('reason');
        $body->end();
        return [201, $this->services->ledger->reverse($this->access, $key, $entry, $reason)];
    }

    private function mediaType(): string
    {
        return ($_SERVER['CONTENT_TYPE'] ?? '') ?: 'application/octet-stream';
    }

    /**
     * A parameter of the query.
     *
     * @throws Problem `invalid` where it is no text in UTF-8
     */
    private function query(string $name): ?string
    {
        parse_str((string) parse_url($this->address, PHP_URL_QUERY), $given);
        $value = $given[$name] ?? null;
        if ($value !== null && (!is_string($value) || !mb_check_encoding($value, 'UTF-8'))) {
            throw Problem::invalid("{$name}: must be a text in UTF-8");
        }
        return $value;
    }

    private function limit(): int
    {
        $limit = $this->query('limit') ?? '100';
        if (!preg_match(self::LIMIT, $limit)) {
            throw Problem::invalid('limit: must be a number from 1 to 100');
        }
        return (int) $limit;
    }

    private function answer(int $status, array $document): void
    {
        self::send($status, 'application/json', Json::text($document));
    }

    private static function refuse(Problem $problem): void
    {
        if ($problem->status() === 401) {
            header('WWW-Authenticate: Bearer, OTSerial');
        }
        self::send($problem->status(), 'application/problem+json', Json::text($problem->document()));
    }

    private static function send(int $status, string $type, string $body): void
    {
        http_response_code($status);
        header("Content-Type: {$type}");
        header('Content-Length: ' . strlen($body));
        header('Cache-Control: no-store');
        echo $body;
    }
}
