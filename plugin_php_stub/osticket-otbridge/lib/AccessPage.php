<?php

namespace Otbridge;

/**
 * Who may use the contract: tokens with scopes, and installations that sign their requests. For administrators.
 */
class AccessPage extends StaffPage
{
    private const SERIAL = '/^[A-Za-z0-9._-]{1,64}$/D';

    protected function mayOpen(\Staff $staff): bool
    {
        return $staff->isAdmin();
    }

    protected function navigation(\Staff $staff): \StaffNav
    {
        $nav = new \AdminNav($staff);
        $nav->setTabActive('apps');
        return $nav;
    }

    protected function act(string $what): void
    {
        Portal::database()->transaction(function () use ($what): void {
            $this->change($what, Portal::database(), new Audit(Portal::database()));
        });
    }

    private function change(string $what, Database $database, Audit $audit): void
    {
        $by = $this->by();
        switch ($what) {
            case 'add_token':
                $name = trim((string) ($_POST['name'] ?? ''));
                $scopes = array_values(array_intersect(Access::SCOPES, (array) ($_POST['scopes'] ?? [])));
                if ($name === '' || mb_strlen($name) > 80 || !$scopes) {
                    throw Problem::invalid(Words::tell('token_wrong'));
                }
                $orgId = $this->organization();
                $_SESSION['otbridge_token'] = (new Auth($database))->addToken($name, $scopes, $orgId);
                $audit->note($by, 'token_added', $orgId, ['name' => $name, 'scopes' => implode(', ', $scopes)]);
                break;
            case 'revoke_token':
                $token = $database->row('SELECT name, org_id FROM {token} WHERE id = ?', [(int) ($_POST['id'] ?? 0)]);
                if ($token !== null) {
                    $database->rows('DELETE FROM {token} WHERE id = ?', [(int) $_POST['id']]);
                    $audit->note($by, 'token_revoked', self::number($token['org_id']), ['name' => $token['name']]);
                }
                break;
            case 'add_installation':
                $serial = trim((string) ($_POST['serial'] ?? ''));
                $otkey = trim((string) ($_POST['otkey'] ?? ''));
                if (!preg_match(self::SERIAL, $serial) || $otkey === '' || strlen($otkey) > 255) {
                    throw Problem::invalid(Words::tell('installation_wrong'));
                }
                $orgId = $this->organization();
                $database->rows(
                    'INSERT INTO {installation} (serial, otkey, org_id) VALUES (?, ?, ?)
                     ON DUPLICATE KEY UPDATE otkey = VALUES(otkey), org_id = VALUES(org_id)',
                    [$serial, $otkey, $orgId]
                );
                $audit->note($by, 'installation_added', $orgId, ['serial' => $serial]);
                break;
            case 'revoke_installation':
                $serial = (string) ($_POST['serial'] ?? '');
                $installation = $database->row('SELECT org_id FROM {installation} WHERE serial = ?', [$serial]);
                if ($installation !== null) {
                    $database->rows('DELETE FROM {installation} WHERE serial = ?', [$serial]);
                    $audit->note($by, 'installation_revoked', self::number($installation['org_id']), ['serial' => $serial]);
                }
                break;
            case 'release_bridge':
                $instance = (string) ($_POST['instance'] ?? '');
                (new Bridges($database))->release($instance);
                $audit->note($by, 'bridge_released', null, ['instance' => mb_substr($instance, 0, 64)]);
                break;
            default:
                throw Problem::invalid('do');
        }
    }

    protected function show(): void
    {
        $database = Portal::database();
        echo '<h2>', Html::text(Words::tell('access')), '</h2>';
        if (isset($_SESSION['otbridge_token'])) {
            echo '<p>', Html::text(Words::tell('token_once')), '<br><code class="otbridge-token">', Html::text($_SESSION['otbridge_token']), '</code></p>';
            unset($_SESSION['otbridge_token']);
        }
        $this->tokens($database);
        $this->installations($database);
        $this->bridges($database);
        $this->audit(['token_added', 'token_revoked', 'installation_added', 'installation_revoked', 'bridge_released']);
    }

    private function tokens(Database $database): void
    {
        $names = ['name', 'scopes', 'organization', 'when', ''];
        echo '<table class="otbridge-tokens list">', Html::head($names);
        foreach ($database->rows('SELECT token.*, org.name AS org FROM {token} AS token LEFT JOIN {{organization}} AS org ON org.id = token.org_id ORDER BY id') as $one) {
            echo Html::row(
                $names,
                [$one['name'], $one['scopes'], self::reach($one), Html::moment($one['created_at'])],
                $this->form('revoke_token', "<input type=\"hidden\" name=\"id\" value=\"{$one['id']}\">", 'revoke')
            );
        }
        $scopes = '';
        foreach (Access::SCOPES as $scope) {
            $scopes .= "<label><input type=\"checkbox\" name=\"scopes[]\" value=\"{$scope}\" checked> {$scope}</label> ";
        }
        echo '</table>', $this->form('add_token', $this->field('name', 'name') . $scopes . $this->organizations('all_organizations'), 'add_token');
    }

    private function installations(Database $database): void
    {
        $names = ['serial', 'organization', ''];
        echo '<h3>', Html::text(Words::tell('installations')), '</h3><table class="otbridge-installations list">', Html::head($names);
        foreach ($database->rows('SELECT one.serial, one.org_id, org.name AS org FROM {installation} AS one LEFT JOIN {{organization}} AS org ON org.id = one.org_id ORDER BY serial') as $one) {
            echo Html::row(
                $names,
                [$one['serial'], self::reach($one)],
                $this->form('revoke_installation', '<input type="hidden" name="serial" value="' . Html::text($one['serial']) . '">', 'revoke')
            );
        }
        echo '</table>', $this->form(
            'add_installation',
            $this->field('serial', 'serial') . $this->field('otkey', 'otkey') . $this->organizations('all_organizations'),
            'add_installation'
        );
    }

    /** The bridges that keep others from writing. */
    private function bridges(Database $database): void
    {
        $names = ['instance', 'name', 'organization', 'heard', ''];
        echo '<h3>', Html::text(Words::tell('bridges')), '</h3><p>', Html::text(Words::tell('bridges_why')), '</p>',
            '<table class="otbridge-bridges list">', Html::head($names);
        foreach ((new Bridges($database))->all() as $one) {
            $hidden = '<input type="hidden" name="instance" value="' . Html::text($one['instance']) . '">';
            echo Html::row(
                $names,
                [$one['instance'], $one['token'], self::reach($one), Html::moment(Portal::moment((int) $one['last_second']))],
                Html::asked(Words::tell('release'), Words::tell('release_sure'), $this->form('release_bridge', $hidden, 'release'))
            );
        }
        echo '</table>';
    }

    /** The organization that something is for. */
    private static function reach(array $row): string
    {
        return self::number($row['org_id']) ? (string) $row['org'] : Words::tell('all_organizations');
    }

    /** @param string|int|null $value */
    private static function number($value): ?int
    {
        return $value === null ? null : (int) $value;
    }
}
