<?php
// Manifest of the plugin, as osTicket reads it from include/plugins/osticket-otbridge/.

return [
    'id' => 'otbridge:portal',
    'version' => '0.1.0',
    'ost_version' => '1.17',
    'name' => /* trans */ 'Norm-hours',
    'author' => 'ООО «Открытые технологии»',
    'description' => /* trans */ 'Prepaid norm-hours: stages, time and balance on the ticket, and the portal contract for the norm-hours bridge.',
    'plugin' => 'bootstrap.php:OtbridgePlugin',
];
