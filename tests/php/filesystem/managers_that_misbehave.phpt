--TEST--
What a FileManager throws reaches the user as a driver's exceptions do; what it returns wrongly is said so
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
require __DIR__ . '/../include/files.inc';
use PhpSync\Core\Exceptions\IntegerDoesNotExistException;
use PhpSync\Drivers\FileSystem\{FileManager, FileSystemIntegerSyncDriver, FileSystemLockSyncDriver};
class Trap extends FileManager
{
    public $where = ''; public $what;
    private function spring(string $method) { if ($this->where === $method) { if ($this->what instanceof Closure) return ($this->what)(); throw $this->what; } return null; }
    public function getFileName(string $key, string $category) { return $this->spring('getFileName') ?? parent::getFileName($key, $category); }
    public function getRootPath(): string { return $this->spring('getRootPath') ?? parent::getRootPath(); }
    public function ensureDirectoriesExist(string $fileName) { $this->spring('ensureDirectoriesExist'); parent::ensureDirectoriesExist($fileName); }
}
final class NoRoot extends FileManager { public function __construct() {} }
final class NoManager extends FileSystemLockSyncDriver { public function __construct() {} }
$trap = new Trap(root_path());
$lock = file_lock('k', $trap);
$integer = file_integer('k', $trap);
$locks = new FileSystemLockSyncDriver($trap);
$integers = new FileSystemIntegerSyncDriver($trap);
$calls = [[$lock, 'lock'], [$lock, 'unlock'], [$lock, 'wait'], [$lock, 'exists'], [$lock, 'tryLock'], [$lock, 'hold'], [$lock, 'waitFor'], [$lock, 'owner'], [$lock, 'isGhost'], [$lock, 'unlockIf', 1],
    [$integer, 'setValue', 1], [$integer, 'increment'], [$integer, 'decrement'], [$integer, 'refresh'], [$integer, 'delete'], [$integer, 'exists'], [$integer, 'compareAndSet', 1, 2], [$integer, 'waitUntilAtLeast', 1], [$integer, 'waitForChange'],
    [$locks, 'lock', 'k'], [$locks, 'unlock', 'k'], [$locks, 'wait', 'k'], [$locks, 'exists', 'k'], [$integers, 'increment', 'k', 1], [$integers, 'setValue', 'k', 1], [$integers, 'getValue', 'k'], [$integers, 'hasValue', 'k'], [$integers, 'delete', 'k']];
foreach (['getFileName', 'getRootPath', 'ensureDirectoriesExist'] as $trap->where) {
    echo "$trap->where\n";
    foreach ([new DomainException('no idea'), new IntegerDoesNotExistException('not that')] as $trap->what) {
        if ($trap->where === 'ensureDirectoriesExist') $calls = array_filter($calls, function ($c) { return in_array($c[1], ['lock', 'tryLock', 'hold', 'setValue', 'increment', 'decrement']); });
        foreach ($calls as $call) {
            $text = thrown(function () use ($call) { $call[0]->{$call[1]}(...array_slice($call, 2)); });
            $wrapped = 'PhpSync\Core\Exceptions\SyncOperationException: ' . $trap->what->getMessage() . ' <- ' . get_class($trap->what);
            $plain = get_class($trap->what) . ': ' . $trap->what->getMessage();
            echo '  ', $text === $wrapped ? 'wrapped' : ($text === $plain ? 'as it is' : $text), ' ', get_class($call[0]) === PhpSync\Generic\Lock::class || get_class($call[0]) === PhpSync\Generic\Integer::class ? '' : 'driver ', $call[1], "\n";
        }
    }
    check(files_in(root_path()) === [], 'and nothing happened');
}
$trap->where = 'getFileName';
$trap->what = new DomainException('at the load');
echo thrown(function () use ($trap) { file_integer('k', $trap); }), "\n", thrown(function () use ($trap) { file_lock('k', $trap); }), "\n";
foreach ([7, [], new stdClass, 1.5, '', "a\0b", 'http://x/y', 'vfs://root/k', new class { public function __toString(): string { throw new DomainException('no string'); } }] as $value) {
    $trap->what = function () use ($value) { return $value; };
    foreach ([[$lock, 'lock'], [$locks, 'lock', 'k'], [$lock, 'exists'], [$integer, 'increment']] as $call) {
        $text = thrown(function () use ($call) { $call[0]->{$call[1]}(...array_slice($call, 2)); });
        if ($call[1] === 'lock' && $call[0] === $lock) echo $text, "\n";
        check(strpos($text, 'PhpSync\Core\Exceptions\SyncOperationException: ') === 0 || $text === 'DomainException: no string', $text);
    }
}
$trap->where = 'getRootPath';
foreach ([[], "a\0b", 'file:///tmp/x'] as $value) {
    $trap->what = function () use ($value) { return $value; };
    echo preg_replace('/: .*must be.*string/', ': ...', thrown(function () use ($lock) { $lock->lock(); })), "\n";
}
check(files_in(root_path()) === [], 'and nothing happened');
echo thrown(function () { file_lock('k', new FileManager(''))->lock(); }), "\n";
echo thrown(function () { file_lock('k', new NoRoot)->lock(); }), "\n";
echo thrown(function () { (new NoManager)->lock('k'); }), "\n";
echo thrown(function () { (new ReflectionClass(FileManager::class))->newInstanceWithoutConstructor()->getFileName('a', 'b'); }), "\n";
?>
--EXPECT--
getFileName
  wrapped lock
  wrapped unlock
  as it is wait
  as it is exists
  wrapped tryLock
  wrapped hold
  as it is waitFor
  wrapped owner
  wrapped isGhost
  wrapped unlockIf
  wrapped setValue
  wrapped increment
  wrapped decrement
  wrapped refresh
  wrapped delete
  as it is exists
  wrapped compareAndSet
  wrapped waitUntilAtLeast
  wrapped waitForChange
  as it is driver lock
  as it is driver unlock
  as it is driver wait
  as it is driver exists
  as it is driver increment
  as it is driver setValue
  as it is driver getValue
  as it is driver hasValue
  as it is driver delete
  wrapped lock
  wrapped unlock
  as it is wait
  as it is exists
  wrapped tryLock
  wrapped hold
  as it is waitFor
  wrapped owner
  wrapped isGhost
  wrapped unlockIf
  wrapped setValue
  wrapped increment
  wrapped decrement
  as it is refresh
  wrapped delete
  as it is exists
  wrapped compareAndSet
  wrapped waitUntilAtLeast
  wrapped waitForChange
  as it is driver lock
  as it is driver unlock
  as it is driver wait
  as it is driver exists
  as it is driver increment
  as it is driver setValue
  as it is driver getValue
  as it is driver hasValue
  as it is driver delete
getRootPath
  wrapped lock
  wrapped unlock
  as it is wait
  as it is exists
  wrapped tryLock
  wrapped hold
  as it is waitFor
  wrapped owner
  wrapped isGhost
  wrapped unlockIf
  wrapped setValue
  wrapped increment
  wrapped decrement
  wrapped refresh
  wrapped delete
  as it is exists
  wrapped compareAndSet
  wrapped waitUntilAtLeast
  wrapped waitForChange
  as it is driver lock
  as it is driver unlock
  as it is driver wait
  as it is driver exists
  as it is driver increment
  as it is driver setValue
  as it is driver getValue
  as it is driver hasValue
  as it is driver delete
  wrapped lock
  wrapped unlock
  as it is wait
  as it is exists
  wrapped tryLock
  wrapped hold
  as it is waitFor
  wrapped owner
  wrapped isGhost
  wrapped unlockIf
  wrapped setValue
  wrapped increment
  wrapped decrement
  as it is refresh
  wrapped delete
  as it is exists
  wrapped compareAndSet
  wrapped waitUntilAtLeast
  wrapped waitForChange
  as it is driver lock
  as it is driver unlock
  as it is driver wait
  as it is driver exists
  as it is driver increment
  as it is driver setValue
  as it is driver getValue
  as it is driver hasValue
  as it is driver delete
ensureDirectoriesExist
  wrapped lock
  wrapped tryLock
  wrapped hold
  wrapped setValue
  wrapped increment
  wrapped decrement
  as it is driver lock
  as it is driver increment
  as it is driver setValue
  wrapped lock
  wrapped tryLock
  wrapped hold
  wrapped setValue
  wrapped increment
  wrapped decrement
  as it is driver lock
  as it is driver increment
  as it is driver setValue
DomainException: at the load
nothing
PhpSync\Core\Exceptions\SyncOperationException: Trap::getFileName() must return a string, it returned int
PhpSync\Core\Exceptions\SyncOperationException: Trap::getFileName() must return a string, it returned array
PhpSync\Core\Exceptions\SyncOperationException: Trap::getFileName() must return a string, it returned stdClass
PhpSync\Core\Exceptions\SyncOperationException: Trap::getFileName() must return a string, it returned float
PhpSync\Core\Exceptions\SyncOperationException: the file name that the FileManager told is empty; it must name a place in the file system
PhpSync\Core\Exceptions\SyncOperationException: the file name that the FileManager told holds a NUL byte; no file can be named so
PhpSync\Core\Exceptions\SyncOperationException: the file name that the FileManager told begins as an URL does; Locks and Integers need a folder of the file system
PhpSync\Core\Exceptions\SyncOperationException: the file name that the FileManager told begins as an URL does; Locks and Integers need a folder of the file system
PhpSync\Core\Exceptions\SyncOperationException: no string <- DomainException
PhpSync\Core\Exceptions\SyncOperationException: ..., array returned <- TypeError
PhpSync\Core\Exceptions\SyncOperationException: the file name that the FileManager told holds a NUL byte; no file can be named so
PhpSync\Core\Exceptions\SyncOperationException: the file name that the FileManager told begins as an URL does; Locks and Integers need a folder of the file system
PhpSync\Core\Exceptions\SyncOperationException: the root path that the FileManager told is empty; it must name a place in the file system
PhpSync\Core\Exceptions\SyncOperationException: This NoRoot object was not made by FileManager's constructor and cannot be used <- Error
Error: This NoManager object has no FileManager; give it one by setManager()
Error: This PhpSync\Drivers\FileSystem\FileManager object was not made by FileManager's constructor and cannot be used
