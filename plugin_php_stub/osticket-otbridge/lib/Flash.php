<?php

namespace Otbridge;

/**
 * What a form came to, told once on the page that is shown next.
 */
class Flash
{
    public static function tell(string $text, bool $fault): void
    {
        $_SESSION['otbridge_flash'] = [$text, $fault];
    }

    /** The message as HTML, "" where there is none; it is not told again. */
    public static function html(): string
    {
        if (empty($_SESSION['otbridge_flash'])) {
            return '';
        }
        [$text, $fault] = $_SESSION['otbridge_flash'];
        unset($_SESSION['otbridge_flash']);
        return '<div id="' . ($fault ? 'msg_error' : 'msg_notice') . '">' . Html::text($text) . '</div>';
    }

    /** Do what a form asks for, and tell how it went. */
    public static function around(callable $work): void
    {
        try {
            $work();
            self::tell(Words::tell('done'), false);
        } catch (Problem $problem) {
            $errors = $problem->document()['errors'] ?? [];
            self::tell($errors ? implode('; ', $errors) : Words::tell('refused', ['why' => $problem->getMessage()]), true);
        }
    }
}
