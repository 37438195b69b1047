<?php

/** @generate-function-entries */

namespace PhpSync;

/** What Space::locks() and Space::integers() return; keys are strings. */
final class Listing implements \Iterator
{
    private function __construct()
    {
    }

    public function current(): mixed
    {
    }

    public function key(): mixed
    {
    }

    public function next(): void
    {
    }

    public function rewind(): void
    {
    }

    public function valid(): bool
    {
    }
}
