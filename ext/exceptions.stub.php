<?php

/** @generate-function-entries */

namespace PhpSync\Core\Exceptions;

/** An operation failed for a technical reason; the message says what failed and what to do. */
class SyncOperationException extends \Exception
{
}

/** The call needs an Integer that does not exist. */
class IntegerDoesNotExistException extends \Exception
{
}

/** The engine's reply was lost: the change happened once or not at all, and nobody can say which. */
class OutcomeUnknownException extends SyncOperationException
{
}

/** The time given to synchronized() ran out before the Lock was free. */
class LockTimeoutException extends SyncOperationException
{
}

/** The Hold is no longer this process's: released, freed by somebody, run out, or a parent's. */
class LeaseLostException extends SyncOperationException
{
}
