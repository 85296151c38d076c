<?php

namespace Otbridge;

/**
 * osTicket's own connection to MySQL, with prepared statements and transactions.
 *
 * osTicket's functions run on the same connection, so what they write belongs to the transaction too.
 */
class Database
{
    private const DEADLOCK = 1213;
    private const LOCK_TIMEOUT = 1205;

    private const NO_SAVEPOINT = 1305;

    /** @var \mysqli */
    private $connection;

    /** @var string */
    private $prefix;

    /** @var bool */
    private $inside = false;

    /** @var callable[] what the running transaction promises to do once it is committed */
    private $promised = [];

    /** @var callable[] what committed transactions promised, and nobody has done yet */
    private $due = [];

    /**
     * @param \mysqli $connection
     */
    public function __construct($connection, string $prefix)
    {
        $this->connection = $connection;
        $this->prefix = $prefix;
    }

    /**
     * Run one statement.
     *
     * @param string $sql {name} stands for the table ost_otbridge_name, {{name}} for osTicket's own ost_name
     * @param array $values strings, integers and null for the question marks
     * @return array[] rows of a query, none of any other statement
     * @throws DatabaseError
     */
    public function rows(string $sql, array $values = []): array
    {
        try {
            $statement = $this->connection->prepare($this->named($sql));
            if ($statement === false) {
                throw new DatabaseError($this->connection->error, $this->connection->errno);
            }
            if ($values) {
                $types = '';
                foreach ($values as $value) {
                    $types .= is_int($value) ? 'i' : 's';
                }
                $statement->bind_param($types, ...array_values($values));
            }
            if (!$statement->execute()) {
                throw new DatabaseError($statement->error, $statement->errno);
            }
            $result = $statement->get_result();
            $rows = $result === false ? [] : $result->fetch_all(MYSQLI_ASSOC);
            $statement->close();
        } catch (\mysqli_sql_exception $error) {
            throw new DatabaseError($error->getMessage(), (int) $error->getCode());
        }
        return $rows;
    }

    /**
     * The first row of a query, null when there is none.
     */
    public function row(string $sql, array $values = []): ?array
    {
        return $this->rows($sql, $values)[0] ?? null;
    }

    /**
     * The whole number that a query gives.
     */
    public function number(string $sql, array $values = []): int
    {
        $row = $this->row($sql, $values);
        return $row === null ? 0 : (int) reset($row);
    }

    /**
     * Insert a row; returns its number where the table counts them.
     */
    public function insert(string $table, array $values): int
    {
        $columns = '`' . implode('`, `', array_keys($values)) . '`';
        $marks = implode(', ', array_fill(0, count($values), '?'));
        $this->rows("INSERT INTO {{$table}} ({$columns}) VALUES ({$marks})", array_values($values));
        return (int) $this->connection->insert_id;
    }

    /**
     * Everything inside happens or nothing; an inner transaction is part of the outer one.
     *
     * Read committed, so that what is read after a lock was waited for is what its last holder left. A deadlock's loser begins anew.
     *
     * @return mixed what $work returns
     * @throws DatabaseError also where the commit failed; then nobody knows whether it happened
     */
    public function transaction(callable $work)
    {
        if ($this->inside) {
            return $work();
        }
        for ($attempt = 1;; $attempt++) {
            $this->begin('READ COMMITTED', 0);
            try {
                $result = $work();
                $this->commit();
                $this->due = array_merge($this->due, $this->promised);
                return $result;
            } catch (\Throwable $error) {
                $this->abandon();
                $lost = $error instanceof DatabaseError && in_array($error->getCode(), [self::DEADLOCK, self::LOCK_TIMEOUT], true);
                if (!$lost || $attempt === 5) {
                    throw $error;
                }
            } finally {
                $this->end();
            }
        }
    }

    /**
     * Everything read inside is of one moment.
     *
     * @return mixed what $work returns
     */
    public function snapshot(callable $work)
    {
        if ($this->inside) {
            return $work();
        }
        $this->begin('REPEATABLE READ', MYSQLI_TRANS_START_WITH_CONSISTENT_SNAPSHOT);
        try {
            return $work();
        } finally {
            $this->abandon(); // nothing was changed
            $this->end();
        }
    }

    /**
     * Something to be done when the running transaction is committed; it is forgotten when the transaction fails or begins anew.
     */
    public function promise(callable $work): void
    {
        $this->promised[] = $work;
    }

    /**
     * What was promised by transactions that are committed; each is told once.
     *
     * @return callable[]
     */
    public function due(): array
    {
        [$due, $this->due] = [$this->due, []];
        return $due;
    }

    /**
     * osTicket answers a deadlock by sending the last statement again, outside of the transaction that the deadlock has ended. So nothing is
     * committed by itself until the end, and a savepoint shows whether the transaction that is committed is the one that was begun.
     */
    private function begin(string $isolation, int $flags): void
    {
        $this->promised = [];
        $this->must(function () use ($isolation, $flags): bool {
            return $this->connection->query("SET TRANSACTION ISOLATION LEVEL {$isolation}") && $this->connection->autocommit(false)
                && $this->connection->begin_transaction($flags) && $this->connection->query('SAVEPOINT otbridge');
        });
        $this->inside = true;
    }

    private function commit(): void
    {
        try {
            $this->must(function (): bool {
                return (bool) $this->connection->query('RELEASE SAVEPOINT otbridge');
            });
        } catch (DatabaseError $error) {
            $lost = $error->getCode() === self::NO_SAVEPOINT;
            throw $lost ? new DatabaseError('a deadlock has ended the transaction', self::DEADLOCK) : $error;
        }
        $this->must(function (): bool {
            return $this->connection->commit();
        });
    }

    /** Take back what was not committed; a connection that is lost has taken it back already. */
    private function abandon(): void
    {
        $this->promised = [];
        try {
            $this->connection->rollback();
        } catch (\mysqli_sql_exception $error) {
            return;
        }
        if (class_exists(\ModelInstanceManager::class, false)) {
            \ModelInstanceManager::flushCache(); // osTicket's objects hold what was taken back
        }
    }

    private function end(): void
    {
        $this->inside = false;
        $this->promised = [];
        try {
            $this->connection->autocommit(true);
        } catch (\mysqli_sql_exception $error) {
            return; // the connection is lost, and with it all that it was set to
        }
    }

    /**
     * Before PHP 8.1, or where exceptions are switched off, mysqli tells a failure by false.
     *
     * @throws DatabaseError
     */
    private function must(callable $do): void
    {
        try {
            $done = $do();
        } catch (\mysqli_sql_exception $error) {
            throw new DatabaseError($error->getMessage(), (int) $error->getCode());
        }
        if (!$done) {
            throw new DatabaseError((string) $this->connection->error, (int) $this->connection->errno);
        }
    }

    /**
     * Keep a name for the one who works under it; returns false when somebody else has it.
     */
    public function takeName(string $name): bool
    {
        return $this->number('SELECT GET_LOCK(?, 0)', [$this->lockName($name)]) === 1;
    }

    public function releaseName(string $name): void
    {
        $this->rows('SELECT RELEASE_LOCK(?)', [$this->lockName($name)]);
    }

    /** MySQL's names of locks are the server's, and 64 characters at most. */
    private function lockName(string $name): string
    {
        return sha1(DBNAME . "\n" . $this->prefix . "\n" . $name);
    }

    private function named(string $sql): string
    {
        $sql = preg_replace('/\{\{(\w+)\}\}/', '`' . $this->prefix . '$1`', $sql);
        return preg_replace('/\{(\w+)\}/', '`' . $this->prefix . 'otbridge_$1`', $sql);
    }
}
