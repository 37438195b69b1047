<?php

/** @generate-function-entries */

namespace PhpSync\Drivers\FileSystem;

/** Keeps the FileManager of a driver, also of one written in PHP. */
trait WithFileManagerTrait
{
    /** @var FileManagerInterface|null */
    protected $manager;

    public function getManager(): FileManagerInterface
    {
    }

    /**
     * Uses $manager from now on.
     *
     * @return WithFileManagerTrait this object
     */
    public function setManager(FileManagerInterface $manager)
    {
    }
}
