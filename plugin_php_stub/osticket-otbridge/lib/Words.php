<?php

namespace Otbridge;

/**
 * What people read, in their language: i18n/ru.php and i18n/en.php.
 */
class Words
{
    /** @var array[] */
    private static $loaded = [];

    /**
     * The sentence of this name.
     *
     * @param array $values for its {places}
     */
    public static function tell(string $name, array $values = []): string
    {
        $language = self::language();
        if (!isset(self::$loaded[$language])) {
            self::$loaded[$language] = require dirname(__DIR__) . "/i18n/{$language}.php";
        }
        $places = [];
        foreach ($values as $place => $value) {
            $places['{' . $place . '}'] = (string) $value;
        }
        return strtr(self::$loaded[$language][$name], $places);
    }

    /** Milli-hours as people read norm-hours. */
    public static function hours(int $milli): string
    {
        $written = sprintf('%s%d.%03d', $milli < 0 ? '−' : '', intdiv(abs($milli), 1000), abs($milli) % 1000);
        return self::decimal(rtrim(rtrim($written, '0'), '.'));
    }

    /** Kopecks as people read roubles. */
    public static function roubles(int $kopecks): string
    {
        return self::decimal(sprintf('%d.%02d ₽', intdiv($kopecks, 100), $kopecks % 100));
    }

    /** A text without what osTicket's three-byte tables cannot hold; where the original counts, the plugin keeps it itself. */
    public static function basic(string $text): string
    {
        return preg_replace('/[\x{10000}-\x{10FFFF}]/u', '?', $text);
    }

    private static function language(): string
    {
        $wanted = Portal::language() ?: (string) \Internationalization::getCurrentLanguage();
        return strpos($wanted, 'ru') === 0 ? 'ru' : 'en';
    }

    private static function decimal(string $number): string
    {
        return self::language() === 'ru' ? str_replace('.', ',', $number) : $number;
    }
}
