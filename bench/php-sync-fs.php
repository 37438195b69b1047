<?php
/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the PHP package php-sync-fs does for an increment and for a Lock, written anew so that it can be measured
 * where the package is not installed: bench_file starts this beside itself and hands it rounds.
 *
 *     php bench/php-sync-fs.php FOLDER
 *
 * A line "TASK COUNT" on its input does a task so often; a line with the nanoseconds it took is the answer. With
 * the extension phpsync loaded, "extension-increment" and "extension-lock" do the same by it, in a space in FOLDER,
 * and "classes-increment" and "classes-lock" by the extension's classes of that package, in a folder of their own.
 *
 * The package's way, call by call. Nothing of it stays open, except a taken Lock:
 *
 * - a name is the root, the category, and md5 of the key, remembered per key, cut into folders;
 * - increment: is the file there? open r+, flock, read in pieces of 10 bytes until the end, seek back,
 *   truncate, write, close. If it is not: a walk over the folders, open w, flock, write, close;
 * - lock: is the file there, else the walk; open w, flock, keep it open. unlock: is it there? unlink, drop it;
 * - the user's object calls the driver's, that asks its manager for the name: each in its own try.
 */

namespace PhpSyncFs;

interface Names
{
    public function getFileName(string $key, string $category);

    public function ensureDirectoriesExist(string $fileName);
}

/** As the package's FileManager. */
class HashedNames implements Names
{
    private $rootPath;
    private $hashes = [];

    public function __construct($rootPath)
    {
        $this->rootPath = $rootPath;
    }

    public function getFileName(string $key, string $category)
    {
        if (!isset($this->hashes[$key])) {
            $this->hashes[$key] = md5($key);
        }
        $hash = $this->hashes[$key];
        $folder = $this->rootPath . '/' . strtolower($category) . '/';

        return $folder . substr($hash, 0, 2) . '/' . substr($hash, 2, 2) . '/' . $hash;
    }

    public function ensureDirectoriesExist(string $fileName)
    {
        $path = realpath($this->rootPath);
        $folders = explode('/', substr($fileName, strlen($path) + 1), -1);
        foreach ($folders as $folder) {
            $path .= '/' . $folder;
            if (!file_exists($path) && !mkdir($path)) {
                throw new \Exception("cannot make $path");
            }
        }
    }
}

/** What both drivers have from the package's trait. */
trait HasNames
{
    protected $names;

    public function __construct(Names $names)
    {
        $this->names = $names;
    }

    public function getNames(): Names
    {
        return $this->names;
    }
}

class CounterDriver
{
    use HasNames;

    protected function openFile($fileName, $mode)
    {
        $file = fopen($fileName, $mode);
        if (!$file) {
            throw new \Exception("cannot open $fileName");
        }

        return $file;
    }

    public function increment(string $key, int $by): int
    {
        $fileName = $this->getNames()->getFileName($key, 'integers');
        $value = 0;
        if (file_exists($fileName)) {
            $file = $this->openFile($fileName, 'r+');
            flock($file, LOCK_EX);
            for ($text = ''; !feof($file);) {
                $text .= fread($file, 10);
            }
            fseek($file, 0);
            ftruncate($file, 0);
            $value = intval($text);
        } else {
            $this->getNames()->ensureDirectoriesExist($fileName);
            $file = $this->openFile($fileName, 'w');
            flock($file, LOCK_EX);
        }
        $value += $by;
        fwrite($file, $value);
        fclose($file);

        return $value;
    }
}

class LockDriver
{
    use HasNames;

    private static $taken = [];

    public function lock(string $key)
    {
        $fileName = $this->getNames()->getFileName($key, 'locks');
        if (!file_exists($fileName)) {
            $this->getNames()->ensureDirectoriesExist($fileName);
        }
        $file = fopen($fileName, 'w');
        flock($file, LOCK_EX);
        self::$taken[$fileName] = $file;
    }

    public function unlock(string $key): bool
    {
        $fileName = $this->getNames()->getFileName($key, 'locks');
        $there = file_exists($fileName);
        if ($there && !@unlink($fileName)) {
            throw new \Exception("cannot remove $fileName");
        }
        unset(self::$taken[$fileName]);

        return $there;
    }
}

/** What the package's Lock and Integer have in common; each call of the driver is in a try of its own there. */
abstract class Thing
{
    protected $key;
    protected $driver;

    public function __construct(string $key, $driver)
    {
        $this->key = $key;
        $this->driver = $driver;
    }

    public function getKey(): string
    {
        return $this->key;
    }
}

class Integer extends Thing
{
    private $knownValue = 0;

    public function increment($by = 1): int
    {
        try {
            $this->knownValue = $this->driver->increment($this->getKey(), $by);

            return $this->knownValue;
        } catch (\Throwable $e) {
            throw new \Exception($e->getMessage(), 0, $e);
        }
    }
}

class Lock extends Thing
{
    public function lock()
    {
        try {
            $this->driver->lock($this->getKey());
        } catch (\Throwable $e) {
            throw new \Exception($e->getMessage(), 0, $e);
        }
    }

    public function unlock(): bool
    {
        try {
            return $this->driver->unlock($this->getKey());
        } catch (\Throwable $e) {
            throw new \Exception($e->getMessage(), 0, $e);
        }
    }
}

function increments($integer, int $count): int
{
    $before = $integer->increment(0);
    $start = hrtime(true);
    for ($i = 0; $i < $count; $i++) {
        $value = $integer->increment();
    }
    $took = hrtime(true) - $start;
    if ($value !== $before + $count) {
        throw new \Exception("WRONG: the Integer is $value");
    }

    return $took;
}

function locks($lock, int $count): int
{
    $start = hrtime(true);
    for ($i = 0; $i < $count; $i++) {
        $lock->lock();
        if (!$lock->unlock()) {
            throw new \Exception('WRONG: there was no Lock to free');
        }
    }

    return hrtime(true) - $start;
}

function classes(string $folder): \PhpSync\Drivers\FileSystem\FileManager
{
    return new \PhpSync\Drivers\FileSystem\FileManager("$folder/classes");
}

$root = "$argv[1]/php";
is_dir($root) || mkdir($root);
$names = new HashedNames($root);
$integer = new Integer('progress', new CounterDriver($names));
$lock = new Lock('pause', new LockDriver($names));
while (($line = fgets(STDIN)) !== false) {
    [$task, $count] = explode(' ', trim($line));
    switch ($task) {
        case 'increment':
            $took = increments($integer, (int) $count);
            break;
        case 'lock':
            $took = locks($lock, (int) $count);
            break;
        case 'extension-increment':
            $took = increments(\PhpSync\Space::open("file://$argv[1]/extension")->getInteger('progress'), (int) $count);
            break;
        case 'extension-lock':
            $took = locks(\PhpSync\Space::open("file://$argv[1]/extension")->getLock('pause'), (int) $count);
            break;
        case 'classes-increment':
            $driver = new \PhpSync\Drivers\FileSystem\FileSystemIntegerSyncDriver(classes($argv[1]));
            $took = increments(\PhpSync\Generic\Integer::getInstance('progress', $driver), (int) $count);
            break;
        case 'classes-lock':
            $driver = new \PhpSync\Drivers\FileSystem\FileSystemLockSyncDriver(classes($argv[1]));
            $took = locks(\PhpSync\Generic\Lock::getInstance('pause', $driver), (int) $count);
            break;
        default:
            throw new \Exception("no task $task");
    }
    echo $took, "\n";
}
