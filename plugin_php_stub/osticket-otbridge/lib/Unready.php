<?php

namespace Otbridge;

/**
 * The plugin while its tables are not there: whoever asks by the contract learns that the portal failed, not that it knows no such address.
 */
class Unready
{
    /** @var string */
    private static $why = '';

    /** Answer the contract's addresses so; the reason goes into osTicket's log. */
    public static function tell(string $why): void
    {
        self::$why = $why;
        \Signal::connect('api', static function ($dispatcher): void {
            $dispatcher->append(url('^/otbridge/v1(/|$)', [self::class, 'serve']));
        });
        try {
            $GLOBALS['ost']->logError('otbridge', $why, false);
        } catch (\Throwable $error) {
            error_log("otbridge: {$why}");
        }
    }

    /** osTicket's dispatcher asks each controller. */
    public function access(): bool
    {
        return true;
    }

    public function serve(): void
    {
        ini_set('display_errors', '0');
        header('X-Request-Id: ' . bin2hex(random_bytes(16)));
        Api::fail(self::$why);
        exit;
    }
}
