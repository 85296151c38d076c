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

    /** @param string|int|null $text */
    public static function cell($text): string
    {
        return '<td>' . self::text((string) $text) . '</td>';
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
