<?php
// Where osTicket meets the plugin: its tables, its addresses, and its places on the pages.

require_once INCLUDE_DIR . 'class.plugin.php';
require_once INCLUDE_DIR . 'class.signal.php';
require_once INCLUDE_DIR . 'class.app.php';
require_once INCLUDE_DIR . 'class.dispatcher.php';

spl_autoload_register(static function (string $class): void {
    if (strpos($class, 'Otbridge\\') === 0) {
        $file = __DIR__ . '/lib/' . substr($class, strlen('Otbridge\\')) . '.php';
        if (is_file($file)) {
            require_once $file;
        }
    }
});

require_once __DIR__ . '/config.php';

/**
 * The plugin. One instance is all that makes sense: there is one ledger.
 */
class OtbridgePlugin extends Plugin
{
    public $config_class = 'OtbridgeConfig';

    public function isMultiInstance()
    {
        return false;
    }

    /**
     * Called on every request while the plugin and its instance are enabled.
     */
    public function bootstrap()
    {
        $config = $this->getConfig();
        \Otbridge\Portal::configure(
            (string) $config->get('paid_topic', OtbridgeConfig::PAID),
            (string) $config->get('installation_field', 'installation'),
            (string) $config->get('categories', ''),
            (string) $config->get('language', ''),
            (bool) $config->get('mails', true)
        );
        try {
            $ready = \Otbridge\Schema::upgrade(\Otbridge\Portal::database());
            $why = 'the tables are being upgraded';
        } catch (\Otbridge\DatabaseError $error) {
            // The help desk goes on without the plugin; the administrator finds the reason in the system log.
            [$ready, $why] = [false, $error->getMessage()];
        }
        if (!$ready) {
            \Otbridge\Unready::tell($why);
            return;
        }

        // Every address of the contract is one controller's: it needs the address as it was sent, which the dispatcher decodes.
        Signal::connect('api', static function ($dispatcher): void {
            $dispatcher->append(url('^/otbridge/v1(/|$)', [\Otbridge\Api::class, 'serve']));
        });
        Signal::connect('ticket.create.before', static function ($object, &$vars): void {
            \Otbridge\Lines::keep($vars);
        });
        Signal::connect('object.view', static function ($object): void {
            if ($object instanceof Ticket) {
                \Otbridge\TicketPanel::show($object);
            }
        });
        Signal::connect('ajax.client', static function ($dispatcher): void {
            $dispatcher->append(url_post('^/otbridge/tickets/(\d+)$', [\Otbridge\CustomerActions::class, 'serve']));
        });
        Signal::connect('ajax.scp', static function ($dispatcher): void {
            $dispatcher->append(url_post('^/otbridge/tickets/(\d+)$', [\Otbridge\SpecialistActions::class, 'serve']));
            $dispatcher->append(url('^/otbridge/accounts$', [\Otbridge\AccountsPage::class, 'serve']));
            $dispatcher->append(url('^/otbridge/access$', [\Otbridge\AccessPage::class, 'serve']));
        });
        $app = new Application();
        $app->registerStaffApp(\Otbridge\Words::tell('accounts'), 'ajax.php/otbridge/accounts', ['iconclass' => 'faq-categories']);
        $app->registerAdminApp(\Otbridge\Words::tell('access'), 'ajax.php/otbridge/access', ['iconclass' => 'faq-categories']);
    }
}
