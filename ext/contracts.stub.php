<?php

/** @generate-function-entries */

namespace PhpSync\Core {

    /**
     * A named Lock: it exists (somebody took it) or it does not.
     *
     * Parameter types and the absence of types are part of this contract:
     * classes written by users implement it.
     */
    interface LockInterface
    {
        /** The key that names this Lock among the others of its space. */
        public function getKey(): string;

        /**
         * Blocks while the Lock exists, then takes it. It stays taken until
         * somebody calls unlock(), however the process that took it ends.
         *
         * @return void
         * @throws \PhpSync\Core\Exceptions\SyncOperationException
         */
        public function lock();

        /**
         * Frees the Lock, whoever took it. True if there was one to free.
         *
         * @throws \PhpSync\Core\Exceptions\SyncOperationException
         */
        public function unlock(): bool;

        /**
         * Blocks until the acquisition that exists at the call has ended;
         * returns at once if there is none. Takes nothing.
         *
         * @return void
         */
        public function wait();

        /** Whether somebody has the Lock. */
        public function exists(): bool;
    }

    /**
     * A named signed 64-bit number that is only ever changed atomically.
     *
     * ACTUAL VALUE: the one real value, shared by all processes.
     * KNOWN VALUE: what this object last learned of it.
     */
    interface IntegerInterface
    {
        /** The key that names this Integer among the others of its space. */
        public function getKey(): string;

        /** The KNOWN VALUE, without any I/O; 0 for an Integer that does not exist. */
        public function getValue(): int;

        /**
         * Makes $value the ACTUAL and the KNOWN VALUE; creates the Integer.
         *
         * @return void
         * @throws \PhpSync\Core\Exceptions\SyncOperationException
         */
        public function setValue(int $value);

        /**
         * Adds $by in one atomic step and returns this call's own result.
         * Creates a missing Integer as if it were 0.
         *
         * @param int $by any sign; 0 refreshes the KNOWN VALUE
         * @throws \PhpSync\Core\Exceptions\SyncOperationException
         */
        public function increment($by = 1): int;

        /**
         * Subtracts $by; the rules of increment() apply.
         *
         * @param int $by
         * @throws \PhpSync\Core\Exceptions\SyncOperationException
         */
        public function decrement($by = 1): int;

        /**
         * Makes the KNOWN VALUE equal to the ACTUAL VALUE and returns it.
         *
         * @throws \PhpSync\Core\Exceptions\IntegerDoesNotExistException
         * @throws \PhpSync\Core\Exceptions\SyncOperationException
         */
        public function refresh(): int;

        /**
         * Removes the Integer; the KNOWN VALUE stays as it was.
         *
         * @return void
         * @throws \PhpSync\Core\Exceptions\SyncOperationException
         */
        public function delete();

        /** Whether the Integer exists. */
        public function exists(): bool;
    }
}

namespace PhpSync\Generic {

    /** What PhpSync\Generic\Lock needs of the mechanism below it. */
    interface LockSyncDriverInterface
    {
        /**
         * Blocks while the Lock exists, then takes it.
         *
         * @return void
         */
        public function lock(string $key);

        /** Frees the Lock; true if there was one. */
        public function unlock(string $key): bool;

        /**
         * Blocks until the acquisition that exists at the call has ended.
         *
         * @return void
         */
        public function wait(string $key);

        /** Whether the Lock exists. */
        public function exists(string $key): bool;
    }

    /** What PhpSync\Generic\Integer needs of the mechanism below it. */
    interface IntegerSyncDriverInterface
    {
        /** Makes $value the ACTUAL VALUE and returns it; creates the Integer. */
        public function setValue(string $key, int $value): int;

        /**
         * The ACTUAL VALUE.
         *
         * @throws \PhpSync\Core\Exceptions\IntegerDoesNotExistException
         */
        public function getValue(string $key): int;

        /** Adds $by atomically, as 0 if the Integer is missing, and returns this call's own result. */
        public function increment(string $key, int $by): int;

        /** Whether the Integer exists. */
        public function hasValue(string $key): bool;

        /**
         * Removes the Integer.
         *
         * @return void
         */
        public function delete(string $key);
    }

    /** Keeps one object for each pair of key and class. */
    interface SingletonManagerInterface
    {
        /**
         * The object kept for this pair.
         *
         * @return mixed
         */
        public function get(string $key, string $className);

        /**
         * Keeps $instance for this pair.
         *
         * @param mixed $instance
         * @return void
         */
        public function set(string $key, string $className, $instance);

        /**
         * Forgets the object kept for this pair.
         *
         * @return void
         */
        public function remove(string $key, string $className);

        /** Whether an object is kept for this pair. */
        public function has(string $key, string $className): bool;
    }
}
