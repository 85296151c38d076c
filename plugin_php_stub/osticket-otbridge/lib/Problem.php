<?php

namespace Otbridge;

/**
 * A refusal, as a problem document (RFC 9457) of the contract tells it.
 */
class Problem extends \RuntimeException
{
    private const STATUS = [
        'unauthorized' => 401, 'insufficient_balance' => 402, 'forbidden' => 403, 'not_found' => 404, 'method_not_allowed' => 405,
        'in_progress' => 409, 'another_bridge' => 409, 'state_conflict' => 409, 'too_large' => 413, 'invalid' => 422, 'key_reused' => 422, 'amount_mismatch' => 422, 'internal' => 500,
    ];

    /** @var string */
    private $name;

    /** @var array */
    private $members;

    /**
     * @param string $name the stable code of docs/portal-api.md
     * @param array $members the document's further members, such as `actual`
     */
    public function __construct(string $name, string $detail, array $members = [])
    {
        parent::__construct($detail);
        $this->name = $name;
        $this->members = $members;
    }

    public static function notFound(string $what, string $id): self
    {
        return new self('not_found', "there is no {$what} {$id}");
    }

    public static function conflict(string $detail, string $actual): self
    {
        return new self('state_conflict', $detail, ['actual' => $actual]);
    }

    public static function invalid(string ...$errors): self
    {
        return new self('invalid', 'the request is not valid', ['errors' => $errors]);
    }

    public function status(): int
    {
        return self::STATUS[$this->name];
    }

    public function document(): array
    {
        return [
            'type' => "urn:otbridge:problem:{$this->name}",
            'title' => str_replace('_', ' ', $this->name),
            'status' => $this->status(),
            'detail' => $this->getMessage(),
            'code' => $this->name,
        ] + $this->members;
    }
}
