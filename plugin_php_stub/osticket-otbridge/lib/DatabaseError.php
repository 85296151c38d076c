<?php

namespace Otbridge;

/**
 * The database refused a statement; the code is MySQL's.
 */
class DatabaseError extends \RuntimeException
{
}
