<?php

/** @generate-function-entries */

namespace PhpSync\Drivers\FileSystem;

/** Integers in files, where a FileManager puts them: each is its value as decimal text. */
class FileSystemIntegerSyncDriver implements \PhpSync\Generic\IntegerSyncDriverInterface
{
    /** @var FileManagerInterface|null */
    protected $manager;

    /** Touches nothing on disk. */
    public function __construct(FileManagerInterface $manager)
    {
    }

    /** @implementation-alias PhpSync\Drivers\FileSystem\WithFileManagerTrait::getManager */
    public function getManager(): FileManagerInterface
    {
    }

    /**
     * Uses $manager from now on.
     *
     * @return FileSystemIntegerSyncDriver this object
     * @implementation-alias PhpSync\Drivers\FileSystem\WithFileManagerTrait::setManager
     */
    public function setManager(FileManagerInterface $manager)
    {
    }

    /**
     * Makes $value the ACTUAL VALUE and returns it; creates the Integer.
     *
     * @throws \PhpSync\Core\Exceptions\SyncOperationException
     */
    public function setValue(string $key, int $value): int
    {
    }

    /**
     * The ACTUAL VALUE.
     *
     * @throws \PhpSync\Core\Exceptions\IntegerDoesNotExistException
     * @throws \PhpSync\Core\Exceptions\SyncOperationException
     */
    public function getValue(string $key): int
    {
    }

    /**
     * Adds $by atomically, as 0 if the Integer is missing, and returns this call's own result.
     *
     * @throws \PhpSync\Core\Exceptions\SyncOperationException
     */
    public function increment(string $key, int $by): int
    {
    }

    /**
     * Whether the Integer exists.
     *
     * @throws \PhpSync\Core\Exceptions\SyncOperationException
     */
    public function hasValue(string $key): bool
    {
    }

    /**
     * Removes the Integer.
     *
     * @return void
     * @throws \PhpSync\Core\Exceptions\SyncOperationException
     */
    public function delete(string $key)
    {
    }

    /**
     * Opens an Integer's file. A class that extends this one may replace it:
     * then it is called before each change, with mode 'r+', or with 'c' for a
     * file that is not there yet.
     *
     * @param string $fileName
     * @param string $mode as fopen()'s
     * @return resource
     * @throws \PhpSync\Core\Exceptions\SyncOperationException
     */
    protected function openFile($fileName, $mode)
    {
    }
}
