<?php

namespace Otbridge;

/**
 * A page of the staff panel with osTicket's own head and foot.
 */
abstract class StaffPage
{
    /** Whether this agent may open the page. */
    abstract protected function mayOpen(\Staff $staff): bool;

    /** osTicket's menu around the page. */
    abstract protected function navigation(\Staff $staff): \StaffNav;

    /** Do what the page's form asks for. */
    abstract protected function act(string $what): void;

    /** Print the page. */
    abstract protected function show(): void;

    /** osTicket's dispatcher asks each controller; the token against forged forms is checked by then. */
    public function access(): bool
    {
        $staff = $GLOBALS['thisstaff'];
        return is_object($staff) && $staff->isValid() && $this->mayOpen($staff);
    }

    public function serve(): void
    {
        if ($_SERVER['REQUEST_METHOD'] === 'POST') {
            Flash::around(function (): void {
                $this->act((string) ($_POST['do'] ?? ''));
            });
            \Http::redirect($_SERVER['REQUEST_URI']);
        }
        // osTicket's templates look for their variables among the globals, and for addresses below scp/.
        extract($GLOBALS);
        $nav = $this->navigation($thisstaff);
        $ost->addExtraHeader('<base href="' . ROOT_PATH . 'scp/">');
        require STAFFINC_DIR . 'header.inc.php';
        echo Html::STYLE, '<div class="otbridge">', Flash::html(), Html::warning((new Topics(Portal::database()))->warning());
        $this->show();
        echo '</div>';
        require STAFFINC_DIR . 'footer.inc.php';
        exit;
    }

    /**
     * The newest changes of some kinds.
     *
     * @param string[] $kinds
     */
    protected function audit(array $kinds): void
    {
        $rows = (new Audit(Portal::database()))->newest($kinds);
        if ($rows) {
            $names = ['when', 'who', 'organization', 'what'];
            echo '<h3>', Html::text(Words::tell('audit')), '</h3><table class="otbridge-audit list">', Html::head($names);
            foreach ($rows as $one) {
                echo Html::row($names, [Html::moment($one['at']), $one['made_by'], (string) $one['org'], $one['told']]);
            }
            echo '</table>';
        }
    }

    /** Name of the agent who acts. */
    protected function by(): string
    {
        return (string) $GLOBALS['thisstaff']->getName();
    }

    /** A form of this page with one button. */
    protected function form(string $action, string $fields, string $label): string
    {
        return '<form method="post" action="' . Html::text($_SERVER['REQUEST_URI']) . '" style="display:inline">' . Html::token()
            . "<input type=\"hidden\" name=\"do\" value=\"{$action}\">{$fields}<button type=\"submit\">" . Html::text(Words::tell($label))
            . '</button></form> ';
    }

    /** A text field. */
    protected function field(string $name, string $label, string $value = '', bool $required = true): string
    {
        return '<input type="text" name="' . $name . '" placeholder="' . Html::text(Words::tell($label)) . '" value="' . Html::text($value) . '"'
            . ($required ? ' required' : '') . '> ';
    }

    /** A choice of organizations; the empty one is all of them, or none. */
    protected function organizations(string $empty): string
    {
        $options = $empty === '' ? '' : '<option value="">' . Html::text(Words::tell($empty)) . '</option>';
        foreach (Portal::database()->rows('SELECT id, name FROM {{organization}} ORDER BY name') as $one) {
            $options .= "<option value=\"{$one['id']}\">" . Html::text($one['name']) . '</option>';
        }
        return "<select name=\"organization\">{$options}</select> ";
    }

    /**
     * The organization that the form names, null for the empty choice.
     *
     * @throws Problem
     */
    protected function organization(): ?int
    {
        $id = (int) ($_POST['organization'] ?? 0);
        if ($id !== 0 && Portal::database()->row('SELECT id FROM {{organization}} WHERE id = ?', [$id]) === null) {
            throw Problem::notFound('organization', (string) $id);
        }
        return $id ?: null;
    }
}
