<?php

/** @generate-function-entries */

namespace PhpSync\Drivers\FileSystem;

/**
 * Decides where the file of each key lies. Both drivers ask it at each call.
 *
 * Parameter types and the absence of types are part of this contract:
 * classes written by users implement it.
 */
interface FileManagerInterface
{
    /**
     * The path of the file of $key in $category ('locks', 'integers').
     *
     * @return string
     */
    public function getFileName(string $key, string $category);

    /**
     * Makes the folders that $fileName needs. Called before a file is made.
     *
     * @return void
     * @throws \PhpSync\Core\Exceptions\SyncOperationException
     */
    public function ensureDirectoriesExist(string $fileName);

    /** The folder that all files lie in. The drivers keep files of their own in its folder .phpsync. */
    public function getRootPath(): string;

    /** @return void */
    public function setRootPath(string $path);
}

/** Lays files out as ROOT/CATEGORY/ab/cd/abcd..., where abcd... is the MD5 digest of the key. */
class FileManager implements FileManagerInterface
{
    /** @var string */
    private $rootPath;

    /**
     * Touches nothing on disk.
     *
     * @param string $rootPath a folder; a relative one belongs to the working folder of the moment it is used
     */
    public function __construct($rootPath)
    {
    }

    /**
     * The path of the file of $key: root, category in lower case, and the digest of the key.
     *
     * @return string
     */
    public function getFileName(string $key, string $category)
    {
    }

    /**
     * Makes the folders that $fileName needs, the root included. Folders that
     * are there, or that others make at the same time, are no error.
     *
     * @return void
     * @throws \PhpSync\Core\Exceptions\SyncOperationException
     */
    public function ensureDirectoriesExist(string $fileName)
    {
    }

    public function getRootPath(): string
    {
    }

    /**
     * Names another folder from now on; Locks and Integers follow at their next call.
     *
     * @return void
     */
    public function setRootPath(string $path)
    {
    }
}
