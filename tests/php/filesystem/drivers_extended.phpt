--TEST--
Classes that extend the drivers: what they replace is called, openFile works and may be replaced, the rest stays native
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
require __DIR__ . '/../include/files.inc';
use PhpSync\Core\Exceptions\SyncOperationException;
use PhpSync\Drivers\FileSystem\{FileManager, FileManagerInterface, FileSystemIntegerSyncDriver, FileSystemLockSyncDriver};
use PhpSync\Generic\{Integer, Lock, SingletonManager};
final class Plain extends FileSystemIntegerSyncDriver { public $extra = 1; }
final class Doubling extends FileSystemIntegerSyncDriver { public function increment(string $key, int $by): int { return parent::increment($key, 2 * $by); } }
final class Prefixed extends FileSystemLockSyncDriver { public function lock(string $key) { parent::lock("p-$key"); } public function unlock(string $key): bool { return parent::unlock("p-$key"); } public function exists(string $key): bool { return parent::exists("p-$key"); } }
final class Opening extends FileSystemIntegerSyncDriver
{
    public $log = []; public $refuse = false;
    protected function openFile($fileName, $mode) { $this->log[] = basename($fileName) . " $mode"; if ($this->refuse) throw new SyncOperationException('not now'); return parent::openFile($fileName, $mode); }
    public function open(...$arguments) { return parent::openFile(...$arguments); }
}
final class Managed extends FileSystemLockSyncDriver { public $other; public function getManager(): FileManagerInterface { return $this->other ?? parent::getManager(); } }
final class Assigned extends FileSystemLockSyncDriver { public function assign($manager) { $this->manager = $manager; } public function clear() { unset($this->manager); } }
final class Setting extends FileSystemLockSyncDriver { public $set = 0; public function setManager(FileManagerInterface $manager) { $this->set++; return parent::setManager($manager); } }
$manager = new FileManager(root_path());
$integer = function ($driver) { return Integer::getInstance('k', $driver, new SingletonManager); };

$n = $integer(new Plain($manager));
check($n->increment() === 1 && $n->waitUntilAtLeast(1) && $n->compareAndSet(1, 0), 'all of it is native');
$n = $integer(new Doubling($manager));
check($n->increment(3) === 6 && $n->decrement() === 4 && $n->refresh() === 4, 'replaced');
echo thrown(function () use ($n) { $n->compareAndSet(4, 5); }), "\n";
$lock = Lock::getInstance('k', new Prefixed($manager), new SingletonManager);
$lock->lock();
check($lock->exists() && file_lock('p-k')->exists() && !file_lock('k')->exists() && $lock->unlock() && !file_lock('p-k')->exists(), 'prefixed');
echo thrown(function () use ($lock) { $lock->tryLock(); }), "\n";

$driver = new Opening($manager);
$n = $integer($driver);
$digest = md5('k');
check($n->increment() === 5 && $driver->increment('k', 1) === 6 && $n->compareAndSet(6, 7), 'it opens and counts');
check($driver->setValue('new', 1) === 1 && $driver->setValue('new', 3) === 3 && $driver->getValue('new') === 3 && $n->refresh() === 7, 'values');
check($driver->log === ["$digest r+", "$digest r+", md5('new') . ' c', md5('new') . ' r+'], 'called before each change: ' . implode(', ', $driver->log));
$driver->refuse = true;
foreach ([function () use ($n) { $n->increment(); }, function () use ($driver) { $driver->increment('k', 1); }, function () use ($n) { $n->setValue(9); }] as $call) echo thrown($call), "\n";
check($n->refresh() === 7, 'nothing was changed');
$file = $manager->getFileName('k', 'integers');
$stream = $driver->open($file, 'r');
check(is_resource($stream) && (int) stream_get_contents($stream) === 7, 'a stream');
fclose($stream);
chdir(dirname($file));
check(is_resource($driver->open(basename($file), 'r+')), 'relative');
chdir('/');
foreach ([[root_path() . '/missing/file', 'w'], [root_path(), 'r+'], ["a\0b", 'r'], ['', 'r'], ['php://memory', 'r'], [$file, 'x']] as $arguments) {
    $text = thrown(function () use ($driver, $arguments) { $driver->open(...$arguments); });
    check(strpos($text, 'PhpSync\Core\Exceptions\SyncOperationException: ') === 0, $text);
}

$managed = new Managed($manager);
$lock = Lock::getInstance('k', $managed, new SingletonManager);
$lock->lock();
$managed->other = new FileManager(root_path() . '/other');
check(!$lock->exists() && $lock->tryLock() && is_dir(root_path() . '/other'), 'getManager is asked');
$assigned = new Assigned($manager);
check($assigned->exists('k') && $assigned->unlock('k'), 'the property');
$assigned->assign($managed->other);
check($assigned->exists('k') && $assigned->unlock('k'), 'the property is what counts');
foreach ([null, 7, new stdClass] as $wrong) { $assigned->assign($wrong); check(strpos(thrown(function () use ($assigned) { $assigned->exists('k'); }), 'Error: This Assigned object has no FileManager') === 0, 'none'); }
$assigned->clear();
check(strpos(thrown(function () use ($assigned) { $assigned->exists('k'); }), 'Error') === 0 && strpos(thrown(function () use ($assigned) { $assigned->getManager(); }), 'Error') === 0, 'unset');
check((new Setting($manager))->set === 1 && (new Setting($manager))->getManager() === $manager, 'the constructor calls setManager');
$reflection = new ReflectionMethod(FileSystemIntegerSyncDriver::class, 'openFile');
check($reflection->isProtected() && FileSystemLockSyncDriver::CATEGORY === 'locks' && FileSystemIntegerSyncDriver::CATEGORY === 'integers', 'constants');
?>
--EXPECT--
PhpSync\Core\Exceptions\SyncOperationException: the driver Doubling, written in PHP, lacks compareAndSet(); use a PhpSync\Space for it
PhpSync\Core\Exceptions\SyncOperationException: the driver Prefixed, written in PHP, lacks tryLock(); use a PhpSync\Space for it
PhpSync\Core\Exceptions\SyncOperationException: not now <- PhpSync\Core\Exceptions\SyncOperationException
PhpSync\Core\Exceptions\SyncOperationException: not now
PhpSync\Core\Exceptions\SyncOperationException: not now <- PhpSync\Core\Exceptions\SyncOperationException
