<?php

namespace Otbridge;

/**
 * JSON as the contract wants it: UTF-8, no floats that are no numbers, one spelling for all that is equal by value.
 */
class Json
{
    /**
     * @return mixed objects as stdClass
     * @throws Problem `invalid` when it is no JSON in UTF-8
     */
    public static function parse(string $content)
    {
        $document = json_decode($content, false, 512);
        if (json_last_error() !== JSON_ERROR_NONE || json_encode($document) === false) {
            throw Problem::invalid('the body is no JSON in UTF-8');
        }
        return $document;
    }

    /**
     * @param mixed $document
     */
    public static function text($document): string
    {
        return json_encode($document, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_PRESERVE_ZERO_FRACTION | JSON_THROW_ON_ERROR);
    }

    /**
     * One spelling for all that is equal as JSON; what is no JSON stays as it is, for it equals only itself.
     */
    public static function canonical(string $content): string
    {
        try {
            return self::text(self::sorted(self::parse($content)));
        } catch (Problem $error) {
            return $content;
        }
    }

    private static function sorted($value)
    {
        if (is_object($value)) {
            $members = get_object_vars($value);
            ksort($members, SORT_STRING);
            return (object) array_map([self::class, 'sorted'], $members);
        }
        return is_array($value) ? array_map([self::class, 'sorted'], $value) : $value;
    }
}
