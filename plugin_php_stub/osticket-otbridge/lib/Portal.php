<?php

namespace Otbridge;

/**
 * What all parts of the plugin share: its settings, its database, its clock.
 */
class Portal
{
    /** Hours are rounded to hundredths, as everywhere in the contract. */
    public const ROUNDING_UNIT_MH = 10;

    /** @var string */
    private static $paid = '';

    /** @var string */
    private static $installationField = '';

    /** @var string */
    private static $language = '';

    /** @var string[] */
    private static $categories = [];

    /** @var bool */
    private static $mails = true;

    /** @var Database|null */
    private static $database;

    public static function configure(string $paid, string $installationField, string $categories, string $language, bool $mails): void
    {
        self::$paid = trim($paid);
        self::$language = $language;
        self::$mails = $mails;
        self::$installationField = trim($installationField);
        self::$categories = array_values(array_filter(array_map('trim', explode("\n", $categories)), 'strlen'));
    }

    public static function database(): Database
    {
        if (self::$database === null) {
            self::$database = new Database($GLOBALS['__db'], TABLE_PREFIX);
        }
        return self::$database;
    }

    /** Variable name of the form's field that holds the serial of the installation. */
    public static function installationField(): string
    {
        return self::$installationField;
    }

    /** Language of the plugin's texts, "" for the reader's own in osTicket. */
    public static function language(): string
    {
        return self::$language;
    }

    /** Whether customers get the bridge's messages by e-mail too. */
    public static function mails(): bool
    {
        return self::$mails;
    }

    /** @return string[] under which specialists log their time */
    public static function categories(): array
    {
        return self::$categories;
    }

    /** Full name of the help topic of the paid section, as the settings have it. */
    public static function paid(): string
    {
        return self::$paid;
    }

    /** Whether a category is the paid one or below it. */
    public static function isPaid(string $category): bool
    {
        return self::isBelow($category, self::$paid);
    }

    /** Whether a category is the one that the prefix names, or below it; categories are compared element by element. */
    public static function isBelow(string $category, string $prefix): bool
    {
        $above = self::elements($prefix);
        return array_slice(self::elements($category), 0, count($above)) === $above;
    }

    /** One spelling for all that name the same category. */
    public static function same(string $category): string
    {
        return implode('/', self::elements($category));
    }

    /** The moment as the contract writes it, with microseconds: the order of agreements counts. */
    public static function now(): string
    {
        $moment = \DateTime::createFromFormat('U.u', sprintf('%.6F', microtime(true)), new \DateTimeZone('UTC'));
        return $moment->format('Y-m-d\TH:i:s.u\Z');
    }

    /** Unix seconds as the contract writes a moment. */
    public static function moment(int $seconds): string
    {
        return gmdate('Y-m-d\TH:i:s\Z', $seconds);
    }

    /** The steps of a category: runs of white space, no-break spaces too, are one space, and empty steps do not count. */
    private static function elements(string $category): array
    {
        $steps = array_map(static function (string $step): string {
            return trim(preg_replace('/[\s\p{Z}\x{1c}-\x{1f}\x{85}]+/u', ' ', $step) ?? $step);
        }, explode('/', $category));
        return array_values(array_filter($steps, 'strlen'));
    }
}
