<?php

namespace Otbridge;

/**
 * Lines of plain texts that come in through osTicket's API: for a field with an editor osTicket takes them for HTML, in which a line break is a space.
 * They are given to it as its editor would give them.
 */
class Lines
{
    /** Tags by which a text is known to be HTML. */
    private const TAGS = 'a|b|blockquote|br|code|div|em|font|h[1-6]|hr|i|img|li|ol|p|pre|s|span|strong|sub|sup|table|tbody|td|th|tr|u|ul';

    /**
     * Let the fields of a new ticket keep their lines.
     *
     * @param mixed $vars what osTicket was given, by name
     */
    public static function keep(&$vars): void
    {
        if (!is_array($vars)) {
            return;
        }
        foreach (Portal::database()->rows("SELECT name, configuration FROM {{form_field}} WHERE type = 'memo'") as $field) {
            $value = $vars[$field['name']] ?? null;
            if (is_string($value) && self::isRich($field['configuration'])) {
                $vars[$field['name']] = self::html($value);
            }
        }
    }

    /** Whether a field of several lines has osTicket's editor, by its configuration; it has if nothing is said. */
    public static function isRich(?string $configuration): bool
    {
        return (bool) (json_decode((string) $configuration, true)['html'] ?? true);
    }

    /** A text of several lines as HTML; one that is HTML already, and one of a single line, as it is. */
    public static function html(string $text): string
    {
        if (strpos(trim($text), "\n") === false || preg_match('~</?(?:' . self::TAGS . ')\b[^>]*>~i', $text)) {
            return $text;
        }
        return preg_replace('/\r\n?|\n/', '<br>', htmlspecialchars($text, ENT_NOQUOTES | ENT_SUBSTITUTE, 'UTF-8', false));
    }
}
