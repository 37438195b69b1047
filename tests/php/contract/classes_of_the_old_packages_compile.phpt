--TEST--
Classes that users wrote for the old packages compile without a word
--FILE--
<?php
class MyLock implements PhpSync\Core\LockInterface
{
    public function getKey(): string { return 'k'; }
    public function lock() {}
    public function unlock(): bool { return true; }
    public function wait() {}
    public function exists(): bool { return false; }
}
class MyInteger implements PhpSync\Core\IntegerInterface
{
    public function getKey(): string { return 'k'; }
    public function getValue(): int { return 1; }
    public function setValue(int $value) {}
    public function increment($by = 1): int { return 1; }
    public function decrement($by = 1): int { return 1; }
    public function refresh(): int { return 1; }
    public function delete() {}
    public function exists(): bool { return true; }
}
class LockDriver implements PhpSync\Generic\LockSyncDriverInterface
{
    public function lock(string $key) {}
    public function unlock(string $key): bool { return true; }
    public function wait(string $key) {}
    public function exists(string $key): bool { return false; }
}
class IntegerDriver implements PhpSync\Generic\IntegerSyncDriverInterface
{
    public function setValue(string $key, int $value): int { return $value; }
    public function getValue(string $key): int { return 1; }
    public function increment(string $key, int $by): int { return $by; }
    public function hasValue(string $key): bool { return false; }
    public function delete(string $key) {}
}
class Manager implements PhpSync\Generic\SingletonManagerInterface
{
    public function get(string $key, string $className) {}
    public function set(string $key, string $className, $instance) {}
    public function remove(string $key, string $className) {}
    public function has(string $key, string $className): bool { return false; }
}
class OwnManager extends PhpSync\Generic\SingletonManager
{
    protected $instances = [];
    public function get(string $key, string $className) { return parent::get($key, $className); }
}
class OwnFileManager implements PhpSync\Drivers\FileSystem\FileManagerInterface
{
    public function getFileName(string $key, string $category) {}
    public function ensureDirectoriesExist(string $fileName) {}
    public function getRootPath(): string { return ''; }
    public function setRootPath(string $path) {}
}
class TunedFileManager extends PhpSync\Drivers\FileSystem\FileManager
{
    private $rootPath;
    public function getFileName(string $key, string $category) { return parent::getFileName($key, $category); }
}
class OwnLocks extends PhpSync\Drivers\FileSystem\FileSystemLockSyncDriver
{
    const CATEGORY = 'own';
    protected $manager;
    public function setManager(PhpSync\Drivers\FileSystem\FileManagerInterface $manager) { return parent::setManager($manager); }
    public function lock(string $key) { parent::lock($key); }
}
class OwnIntegers extends PhpSync\Drivers\FileSystem\FileSystemIntegerSyncDriver
{
    protected function openFile($fileName, $mode) { return parent::openFile($fileName, $mode); }
}
class DriverWithTrait extends LockDriver
{
    use PhpSync\Drivers\FileSystem\WithFileManagerTrait;
    public function __construct(PhpSync\Drivers\FileSystem\FileManagerInterface $manager) { $this->setManager($manager); }
}
class OwnError extends PhpSync\Core\Exceptions\SyncOperationException {}
class OwnLock extends PhpSync\Generic\Lock {}
class OwnInteger extends PhpSync\Generic\Integer { public $more = 1; }
echo "compiled\n";
?>
--EXPECT--
compiled
