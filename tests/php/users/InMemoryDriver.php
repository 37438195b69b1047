<?php
/* SPDX-License-Identifier: BSD-3-Clause */

use PhpSync\Core\Exceptions\IntegerDoesNotExistException;
use PhpSync\Generic\IntegerSyncDriverInterface;

/** An Integer driver such as users of the old packages wrote for their own tests. */
final class InMemoryDriver implements IntegerSyncDriverInterface
{
    /** @var array<string, int> */
    private $numbers = [];

    public function setValue(string $key, int $value): int
    {
        $this->numbers[$key] = $value;
        return $value;
    }

    public function getValue(string $key): int
    {
        if (!$this->hasValue($key)) {
            throw new IntegerDoesNotExistException("there is no $key");
        }
        return $this->numbers[$key];
    }

    public function increment(string $key, int $by): int
    {
        return $this->numbers[$key] = ($this->numbers[$key] ?? 0) + $by;
    }

    public function hasValue(string $key): bool
    {
        return array_key_exists($key, $this->numbers);
    }

    public function delete(string $key)
    {
        unset($this->numbers[$key]);
    }
}
