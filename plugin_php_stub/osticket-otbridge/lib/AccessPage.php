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
        $database = Portal::database();
        switch ($what) {
            case 'add_token':
                $name = trim((string) ($_POST['name'] ?? ''));
                $scopes = array_values(array_intersect(Access::SCOPES, (array) ($_POST['scopes'] ?? [])));
                if ($name === '' || mb_strlen($name) > 80 || !$scopes) {
                    throw Problem::invalid(Words::tell('token_wrong'));
                }
                $_SESSION['otbridge_token'] = (new Auth($database))->addToken($name, $scopes, $this->organization());
                break;
            case 'revoke_token':
                $database->rows('DELETE FROM {token} WHERE id = ?', [(int) ($_POST['id'] ?? 0)]);
                break;
            case 'add_installation':
                $serial = trim((string) ($_POST['serial'] ?? ''));
                $otkey = trim((string) ($_POST['otkey'] ?? ''));
                if (!preg_match(self::SERIAL, $serial) || $otkey === '' || strlen($otkey) > 255) {
                    throw Problem::invalid(Words::tell('installation_wrong'));
                }
                $database->rows(
                    'INSERT INTO {installation} (serial, otkey, org_id) VALUES (?, ?, ?)
                     ON DUPLICATE KEY UPDATE otkey = VALUES(otkey), org_id = VALUES(org_id)',
                    [$serial, $otkey, $this->organization()]
                );
                break;
            case 'revoke_installation':
                $database->rows('DELETE FROM {installation} WHERE serial = ?', [(string) ($_POST['serial'] ?? '')]);
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
        echo '<table class="otbridge-tokens list" width="100%" cellpadding="4">', Html::head(['name', 'scopes', 'organization', 'when', '']);
        $all = Words::tell('all_organizations');
        foreach ($database->rows('SELECT token.*, org.name AS org FROM {token} AS token LEFT JOIN {{organization}} AS org ON org.id = token.org_id ORDER BY id') as $one) {
            echo '<tr>', Html::cell($one['name']), Html::cell($one['scopes']), Html::cell($one['org_id'] === null ? $all : $one['org']),
                Html::cell(Html::moment($one['created_at'])), '<td>',
                $this->form('revoke_token', "<input type=\"hidden\" name=\"id\" value=\"{$one['id']}\">", 'revoke'), '</td></tr>';
        }
        $scopes = '';
        foreach (Access::SCOPES as $scope) {
            $scopes .= "<label><input type=\"checkbox\" name=\"scopes[]\" value=\"{$scope}\" checked> {$scope}</label> ";
        }
        echo '</table>', $this->form('add_token', $this->field('name', 'name') . $scopes . $this->organizations('all_organizations'), 'add_token');

        echo '<h3>', Html::text(Words::tell('installations')), '</h3>',
            '<table class="otbridge-installations list" width="100%" cellpadding="4">', Html::head(['serial', 'organization', '']);
        foreach ($database->rows('SELECT one.serial, one.org_id, org.name AS org FROM {installation} AS one LEFT JOIN {{organization}} AS org ON org.id = one.org_id ORDER BY serial') as $one) {
            echo '<tr>', Html::cell($one['serial']), Html::cell($one['org_id'] === null ? $all : $one['org']), '<td>',
                $this->form('revoke_installation', '<input type="hidden" name="serial" value="' . Html::text($one['serial']) . '">', 'revoke'), '</td></tr>';
        }
        echo '</table>', $this->form(
            'add_installation',
            $this->field('serial', 'serial') . $this->field('otkey', 'otkey') . $this->organizations('all_organizations'),
            'add_installation'
        );
    }
}
