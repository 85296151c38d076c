<?php

namespace Otbridge;

/**
 * The organizations' accounts: balances, top-ups, terms. For agents who may edit organizations.
 */
class AccountsPage extends StaffPage
{
    protected function mayOpen(\Staff $staff): bool
    {
        return $staff->isAdmin() || $staff->hasPerm(\Organization::PERM_EDIT);
    }

    protected function navigation(\Staff $staff): \StaffNav
    {
        $nav = new \StaffNav($staff);
        $nav->setTabActive('apps');
        return $nav;
    }

    protected function act(string $what): void
    {
        $services = new Services(Portal::database());
        $orgId = $this->organization();
        if ($orgId === null) {
            throw Problem::invalid(Words::tell('no_organization_named'));
        }
        if ($what === 'terms') {
            $overdraft = Amount::milli((string) ($_POST['overdraft'] ?? ''));
            $price = trim((string) ($_POST['price'] ?? ''));
            $kopecks = Amount::kopecks($price);
            if ($overdraft === null || ($price !== '' && $kopecks === null)) {
                throw Problem::invalid(Words::tell('amount_wrong'));
            }
            $services->ledger->setTerms($orgId, $overdraft, $price === '' ? null : $kopecks, $this->by());
        } elseif ($what === 'top_up') {
            $hours = Amount::milli((string) ($_POST['hours'] ?? ''));
            $reason = trim((string) ($_POST['reason'] ?? ''));
            $key = (string) ($_POST['key'] ?? '');
            if (!$hours || $reason === '' || !preg_match('/^top-up:[0-9a-f]{32}$/D', $key)) {
                throw Problem::invalid(Words::tell('amount_wrong'));
            }
            // The form's own key: sent twice, it is one top-up.
            $by = $this->by();
            $request = hash('sha256', "top_up\n{$orgId}\n{$hours}\n{$reason}");
            $services->keys->once($key, $request, mb_substr($by, 0, 80), static function () use ($services, $key, $orgId, $hours, $reason, $by) {
                return [201, $services->ledger->topUp($key, $orgId, $hours, $reason, mb_substr($by, 0, 128))];
            });
        } else {
            throw Problem::invalid('do');
        }
    }

    protected function show(): void
    {
        echo '<h2>', Html::text(Words::tell('accounts')), '</h2>';
        $names = ['organization', 'granted', 'held', 'posted', 'available', 'overdraft', 'price', ''];
        echo '<table class="otbridge-accounts list">', Html::head($names);
        $documents = (new Services(Portal::database()))->documents;
        $rows = Portal::database()->rows(
            'SELECT account.org_id, org.name FROM {account} AS account JOIN {{organization}} AS org ON org.id = account.org_id ORDER BY org.name'
        );
        foreach ($rows as $row) {
            $account = $documents->balance((int) $row['org_id']);
            $price = $account['hour_price_kopecks'];
            $hidden = "<input type=\"hidden\" name=\"organization\" value=\"{$row['org_id']}\">";
            $key = '<input type="hidden" name="key" value="top-up:' . bin2hex(random_bytes(16)) . '">';
            $cells = [$row['name']];
            foreach (['granted_mh', 'held_mh', 'posted_mh', 'available_mh', 'overdraft_limit_mh'] as $name) {
                $cells[] = Words::hours($account[$name]);
            }
            $cells[] = $price === null ? '' : Words::roubles($price);
            echo Html::row(
                $names,
                $cells,
                $this->form('top_up', $hidden . $key . $this->field('hours', 'hours') . $this->field('reason', 'reason'), 'top_up')
                    . $this->form('terms', $hidden . $this->terms($account), 'save')
            );
        }
        echo '</table><h3>', Html::text(Words::tell('open_account')), '</h3>',
            $this->form('terms', $this->organizations('') . $this->terms(null), 'open_account');
        $this->audit(['opened', 'terms']);
    }

    private function terms(?array $account): string
    {
        $price = $account['hour_price_kopecks'] ?? null;
        return $this->field('overdraft', 'overdraft', Words::hours($account['overdraft_limit_mh'] ?? 0))
            . $this->field('price', 'hour_price', $price === null ? '' : sprintf('%d.%02d', intdiv($price, 100), $price % 100), false);
    }
}
