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

    /** @var \mysqli */
    private $connection;

    /** @var string */
    private $prefix;

    /** @var bool */
    private $inside = false;

    public function __construct(\mysqli $connection, string $prefix)
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
     */
    public function transaction(callable $work)
    {
        if ($this->inside) {
            return $work();
        }
        for ($attempt = 1;; $attempt++) {
            $this->connection->query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
            $this->connection->begin_transaction();
            $this->inside = true;
            try {
                $result = $work();
                $this->connection->commit();
                return $result;
            } catch (\Throwable $error) {
                $this->connection->rollback();
                $lost = $error instanceof DatabaseError && in_array($error->getCode(), [self::DEADLOCK, self::LOCK_TIMEOUT], true);
                if (!$lost || $attempt === 5) {
                    throw $error;
                }
            } finally {
                $this->inside = false;
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
        $this->connection->query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
        $this->connection->begin_transaction(MYSQLI_TRANS_START_WITH_CONSISTENT_SNAPSHOT);
        $this->inside = true;
        try {
            return $work();
        } finally {
            $this->connection->commit();
            $this->inside = false;
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
