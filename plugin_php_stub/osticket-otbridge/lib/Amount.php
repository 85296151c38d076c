<?php

namespace Otbridge;

/**
 * Numbers that people write: hours, coefficients, roubles. Never a float.
 */
class Amount
{
    /** A number with at most three places, in thousandths; null where it is none, or negative. */
    public static function milli(string $written): ?int
    {
        return self::scaled($written, 3);
    }

    /** Roubles in kopecks; null where it is none, or negative. */
    public static function kopecks(string $written): ?int
    {
        return self::scaled($written, 2);
    }

    private static function scaled(string $written, int $places): ?int
    {
        if (!preg_match("/^(\\d{1,9})(?:[.,](\\d{1,{$places}}))?$/D", trim($written), $found)) {
            return null;
        }
        return (int) ($found[1] . str_pad($found[2] ?? '', $places, '0'));
    }
}
