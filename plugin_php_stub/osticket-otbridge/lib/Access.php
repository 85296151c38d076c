<?php

namespace Otbridge;

/**
 * What the one who asks may do: its scopes, and the one organization that it is for, or all.
 */
class Access
{
    public const SCOPES = ['ledger:read', 'ledger:write', 'tickets:read', 'tickets:write'];

    /** @var string */
    public $name;

    /** @var string[] */
    public $scopes;

    /** @var int|null null for all organizations */
    public $orgId;

    /**
     * @param string[] $scopes
     * @param int|null $orgId null for all organizations
     */
    public function __construct(string $name, array $scopes, ?int $orgId)
    {
        $this->name = $name;
        $this->scopes = $scopes;
        $this->orgId = $orgId;
    }

    /**
     * @throws Problem `forbidden`
     */
    public function want(?string $scope): void
    {
        if ($scope !== null && !in_array($scope, $this->scopes, true)) {
            throw new Problem('forbidden', "the token lacks the scope {$scope}", ['scope' => $scope]);
        }
    }

    /** Whether what belongs to an organization, or to none, may be seen and changed. */
    public function covers(?int $orgId): bool
    {
        return $this->orgId === null || $this->orgId === $orgId;
    }
}
