--TEST--
A FileManager may fork, exit, come back through the same objects, or drop itself: nothing breaks
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
require __DIR__ . '/../include/files.inc';
use PhpSync\Drivers\FileSystem\{FileManager, FileSystemIntegerSyncDriver, FileSystemLockSyncDriver};
use PhpSync\Generic\{Integer, Lock, SingletonManager};
final class Hook extends FileManager
{
    public $hook;
    private function run() { if ($hook = $this->hook) { $this->hook = null; $hook(); } }
    public function getFileName(string $key, string $category) { $this->run(); return parent::getFileName($key, $category); }
}
$manager = new Hook(root_path());
$locks = new FileSystemLockSyncDriver($manager);
$integers = new FileSystemIntegerSyncDriver($manager);
$lock = Lock::getInstance('k', $locks, new SingletonManager);
$n = Integer::getInstance('k', $integers, new SingletonManager);

// It comes back through the objects that asked it.
$manager->hook = function () use ($lock, $manager) { $lock->lock(); $manager->setRootPath(root_path() . '/other'); };
check($lock->tryLock() && $lock->exists() && is_dir(root_path() . '/other'), 'where it said last');
$manager->setRootPath(root_path());
check($lock->exists() && $lock->unlock(), 'and the first one');
$manager->hook = function () use ($n) { check($n->increment(5) === 5, 'inner'); };
check($n->increment() === 6 && $n->getValue() === 6, 'outer');
$manager->hook = function () use ($n) { $n->delete(); };
check($n->increment() === 1, 'deleted meanwhile');

// It drops itself and all that used it.
$manager->hook = function () use (&$gone, &$locks, $manager) { $gone = null; $locks->setManager(new FileManager(root_path() . '/new')); };
$gone = Lock::getInstance('gone', $locks, new SingletonManager);
$gone->lock();
check($gone === null && file_lock('gone')->unlock(), 'with the answer of the one that was asked');
unset($locks);
$driver = new FileSystemIntegerSyncDriver($m = new Hook(root_path()));
$m->hook = function () use (&$driver, &$m) { $driver = $m = null; };
check($driver->increment('k', 1) === 2 && $driver === null, 'a driver that is gone');

// It forks: both sides go on.
$manager->hook = function () use (&$pid) { $pid = pcntl_fork(); };
$result = $n->increment();
if ($pid === 0) exit($n->increment() === $n->getValue() ? 0 : 1);
pcntl_waitpid($pid, $status);
check(pcntl_wexitstatus($status) === 0 && in_array($result, [3, 4, 5], true) && $n->refresh() === 5, 'three increments');
$lock = file_lock('k', $manager);
$manager->hook = function () use (&$pid, $lock) { $lock->lock(); $pid = pcntl_fork(); };
$got = $lock->tryLock();
if ($pid === 0) exit($got || $lock->owner()->pid !== posix_getppid() ? 1 : 0);
pcntl_waitpid($pid, $status);
check(pcntl_wexitstatus($status) === 0 && !$got && $lock->unlock(), 'each asks for itself');

// It ends the script.
foreach (['$lock->lock();', '$lock->wait();', '$n->increment();', '(new PhpSync\Drivers\FileSystem\FileSystemLockSyncDriver($manager))->exists("k");', 'file_integer("k", $manager);'] as $call) {
    $child = file_child('final class Leaves extends PhpSync\Drivers\FileSystem\FileManager { public $leave = false; public function getFileName(string $key, string $category) { if ($this->leave) exit(7); return parent::getFileName($key, $category); } }
        $manager = new Leaves(root_path()); $lock = file_lock("k", $manager); $n = file_integer("k", $manager); $manager->leave = true; ' . $call . ' say("not here");');
    check($child->end() === 7, "exit in $call");
}
check($n->refresh() === 5 && !$lock->exists(), 'nothing happened');
// A fatal error in it passes through, too.
$child = file_child('ini_set("display_errors", "0"); final class Fatal extends PhpSync\Drivers\FileSystem\FileManager { public function getFileName(string $key, string $category) { eval("class A extends A2 implements"); trigger_error("end", E_USER_ERROR); } }
    try { file_lock("k", new Fatal(root_path()))->lock(); } catch (Throwable $e) { exit($e instanceof PhpSync\Core\Exceptions\SyncOperationException && $e->getPrevious() instanceof ParseError ? 8 : 9); }');
check($child->end() === 8, 'a ParseError is wrapped');
echo "done\n";
?>
--EXPECT--
done
