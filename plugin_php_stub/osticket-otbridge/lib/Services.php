<?php

namespace Otbridge;

/**
 * The parts that rules are made of, put together.
 */
class Services
{
    public const VERSION = '0.1.0';

    /** @var Auth */
    public $auth;

    /** @var Bridges */
    public $bridges;

    /** @var Audit */
    public $audit;

    /** @var Keys */
    public $keys;

    /** @var Files */
    public $files;

    /** @var Topics */
    public $topics;

    /** @var Changes */
    public $changes;

    /** @var Documents */
    public $documents;

    /** @var Ledger */
    public $ledger;

    /** @var TicketWrites */
    public $tickets;

    /** @var People */
    public $people;

    /** @var Mails */
    public $mails;

    public function __construct(Database $database)
    {
        $this->auth = new Auth($database);
        $this->bridges = new Bridges($database);
        $this->audit = new Audit($database);
        $this->keys = new Keys($database);
        $this->mails = new Mails($database);
        $messages = new Messages($database, $this->mails);
        $this->files = new Files($database, $messages);
        $this->topics = new Topics($database);
        $this->changes = new Changes($database, $this->files, $this->topics, new Places($database, $this->topics));
        $this->documents = new Documents($database, $this->topics);
        $this->ledger = new Ledger($database, $this->documents, $this->changes, $this->audit);
        $this->tickets = new TicketWrites($database, $this->documents, $this->changes, $this->files, $messages);
        $this->people = new People($database, $this->changes);
    }
}
