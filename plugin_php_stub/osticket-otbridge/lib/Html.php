<?php

namespace Otbridge;

/**
 * Pieces of pages; everything that comes from people is escaped here.
 */
class Html
{
    public static function text(?string $text): string
    {
        return htmlspecialchars((string) $text, ENT_QUOTES | ENT_SUBSTITUTE, 'UTF-8');
    }

    /** A text that osTicket escaped when it stored it, as it does with messages of plain text. */
    public static function plain(string $stored): string
    {
        return html_entity_decode($stored, ENT_QUOTES | ENT_HTML5, 'UTF-8');
    }

    /**
     * Tables become lists of lines with their names where the page is narrow, as on a phone. The panel fits such a screen,
     * although osTicket's own page stays 840 pixels wide and more.
     */
    public const STYLE = '<style>
        .otbridge table { border-collapse: collapse; width: 100% }
        .otbridge th, .otbridge td { padding: 4px; text-align: left; vertical-align: top }
        .otbridge details { display: inline-block; margin: 2px 0; vertical-align: top }
        .otbridge details > form, .otbridge details > p { display: block !important; margin: 6px 0 }
        .otbridge summary { cursor: pointer; text-decoration: underline }
        .otbridge-warning { border: 1px solid #c80; padding: 6px }
        @media (max-width: 640px) {
            .otbridge { box-sizing: border-box; max-width: calc(100vw - 40px) }
            .otbridge table, .otbridge tbody, .otbridge tr, .otbridge td, .otbridge details { display: block; width: auto }
            .otbridge th { display: none }
            .otbridge tr { border-top: 1px solid #ccc; padding: 4px 0 }
            .otbridge td:empty { display: none }
            .otbridge td[data-head]::before { content: attr(data-head) ": "; font-weight: bold }
            .otbridge input[type=text], .otbridge input[type=number], .otbridge select { box-sizing: border-box; max-width: 100%; width: 100% }
            .otbridge button { min-height: 40px; padding: 8px 16px }
        }
        </style>';

    /**
     * A line of a table.
     *
     * @param string[] $names those of the table's `head`
     * @param array $cells texts or numbers
     * @param string|null $forms HTML of a last cell
     */
    public static function row(array $names, array $cells, ?string $forms = null): string
    {
        $row = '';
        foreach (array_values($cells) as $index => $cell) {
            $head = ($names[$index] ?? '') === '' ? '' : ' data-head="' . self::text(Words::tell("head_{$names[$index]}")) . '"';
            $row .= "<td{$head}>" . self::text((string) $cell) . '</td>';
        }
        return "<tr>{$row}" . ($forms === null ? '' : "<td>{$forms}</td>") . '</tr>';
    }

    /** A button that shows what it does and asks once more. */
    public static function asked(string $label, string $question, string $form): string
    {
        return '<details><summary>' . self::text($label) . '</summary><p>' . self::text($question) . "</p>{$form}</details> ";
    }

    /** Something that people should know, "" for nothing. */
    public static function warning(string $text): string
    {
        return $text === '' ? '' : '<p class="otbridge-warning">' . self::text($text) . '</p>';
    }

    /**
     * The head of a table, by names of Words; an empty one for a column without a name.
     *
     * @param string[] $names
     */
    public static function head(array $names): string
    {
        $cells = array_map(static function (string $name): string {
            return '<th align="left">' . ($name === '' ? '' : self::text(Words::tell("head_{$name}"))) . '</th>';
        }, $names);
        return '<tr>' . implode('', $cells) . '</tr>';
    }

    /** A moment of the contract as the reader's calendar and clock show it. */
    public static function moment(string $at): string
    {
        return (string) \Format::datetime(strtotime($at), false);
    }

    /** osTicket's token against forged forms, as a field. */
    public static function token(): string
    {
        return '<input type="hidden" name="__CSRFToken__" value="' . self::text($GLOBALS['ost']->getCSRFToken()) . '">';
    }
}
