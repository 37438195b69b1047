<?php

/** @generate-function-entries */

namespace PhpSync\Generic;

/** Keeps one object for each pair of key and class, as long as the manager lives. */
class SingletonManager implements SingletonManagerInterface
{
    /** @var array class name => key => object */
    protected $instances = [];

    /**
     * The object kept for this pair; null if there is none.
     *
     * @return mixed
     */
    public function get(string $key, string $className)
    {
    }

    /**
     * Keeps $instance for this pair, in place of one kept before.
     *
     * @param mixed $instance
     * @return void
     */
    public function set(string $key, string $className, $instance)
    {
    }

    /**
     * Forgets the object kept for this pair.
     *
     * @return void
     */
    public function remove(string $key, string $className)
    {
    }

    /** Whether an object is kept for this pair. */
    public function has(string $key, string $className): bool
    {
    }
}
