<?php

namespace Otbridge;

/**
 * The body of a write: read member by member; a member that nobody asked for is a fault, for nobody would learn that it did nothing.
 */
class Body
{
    /** The largest integer that JSON carries everywhere. */
    private const LARGEST = 9007199254740991;

    /** @var array */
    private $members = [];

    /** @var string */
    private $where;

    /** @var string[] */
    private $faults = [];

    /**
     * @param mixed $document
     */
    private function __construct($document, string $where)
    {
        $this->where = $where;
        if (is_object($document)) {
            $this->members = get_object_vars($document);
        } else {
            $this->faults[] = ($where === '' ? 'body' : rtrim($where, '.')) . ': must be an object';
        }
    }

    /**
     * @throws Problem `invalid` when it is no JSON in UTF-8
     */
    public static function of(string $content): self
    {
        return new self(Json::parse($content), '');
    }

    /** A text that is not empty. */
    public function text(string $name): string
    {
        $value = $this->take($name);
        if (!is_string($value) || $value === '') {
            $this->fault($name, 'must be a text');
            return '';
        }
        return $value;
    }

    /**
     * One of some words.
     *
     * @param string[] $words
     */
    public function word(string $name, array $words, ?string $default = null): string
    {
        if ($default !== null && !array_key_exists($name, $this->members)) {
            return $default;
        }
        $value = $this->take($name);
        if (!in_array($value, $words, true)) {
            $this->fault($name, 'must be one of ' . implode(', ', $words));
            return '';
        }
        return $value;
    }

    /**
     * A list of some words, not empty.
     *
     * @param string[] $words
     * @return string[]
     */
    public function words(string $name, array $words): array
    {
        $value = $this->take($name);
        if (!is_array($value) || !$value || array_diff(array_map('serialize', $value), array_map('serialize', $words))) {
            $this->fault($name, 'must be a list of some of ' . implode(', ', $words));
            return [];
        }
        return $value;
    }

    /** A whole number from $least up. */
    public function count(string $name, int $least = 0): int
    {
        $value = $this->take($name);
        if (!is_int($value) || $value < $least || $value > self::LARGEST) {
            $this->fault($name, "must be a whole number, {$least} or more");
            return 0;
        }
        return $value;
    }

    /** An object of whatever members, as JSON. */
    public function object(string $name, bool $required): string
    {
        if (!$required && !array_key_exists($name, $this->members)) {
            return '{}';
        }
        $value = $this->take($name);
        if (!is_object($value)) {
            $this->fault($name, 'must be an object');
            return '{}';
        }
        return Json::text($value);
    }

    /**
     * A list of objects, not empty; $read takes the Body of each.
     */
    public function each(string $name, callable $read): array
    {
        $value = $this->take($name);
        if (!is_array($value) || !$value) {
            $this->fault($name, 'must be a list with at least one element');
            return [];
        }
        $found = [];
        foreach ($value as $number => $one) {
            $body = new self($one, "{$this->where}{$name}.{$number}.");
            $found[] = $read($body);
            $body->unknown();
            $this->faults = array_merge($this->faults, $body->faults);
        }
        return $found;
    }

    /**
     * Nothing more is read.
     *
     * @throws Problem `invalid` with every fault
     */
    public function end(): void
    {
        $this->unknown();
        if ($this->faults) {
            throw Problem::invalid(...$this->faults);
        }
    }

    /** @return mixed */
    private function take(string $name)
    {
        $value = $this->members[$name] ?? null;
        unset($this->members[$name]);
        return $value;
    }

    private function unknown(): void
    {
        foreach (array_keys($this->members) as $name) {
            $this->fault((string) $name, 'the contract knows no such member');
        }
    }

    private function fault(string $name, string $what): void
    {
        $this->faults[] = "{$this->where}{$name}: {$what}";
    }
}
