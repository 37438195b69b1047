--TEST--
setRootPath and setManager count from the next call on, for objects that are there already
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
require __DIR__ . '/../include/files.inc';
use PhpSync\Drivers\FileSystem\{FileManager, FileSystemIntegerSyncDriver, FileSystemLockSyncDriver};
use PhpSync\Generic\{Integer, Lock};
$root = root_path();
$one = new FileManager("$root/one");
$two = new FileManager("$root/two");
$locks = new FileSystemLockSyncDriver($one);
$integers = new FileSystemIntegerSyncDriver($one);
$lock = Lock::getInstance('k', $locks);
$integer = Integer::getInstance('k', $integers);
$lock->lock();
$integer->increment(10);
check($locks->setManager($two) === $locks && $integers->setManager($two) === $integers, 'setManager returns the driver');
check($locks->getManager() === $two && $integers->getManager() === $two, 'getManager');
check(!$lock->exists() && !$locks->exists('k') && $integer->increment() === 1 && $integers->getValue('k') === 1, 'elsewhere');
check($lock->tryLock() && count(files_in("$root/two")) === 3, 'taken there too');
$two->setRootPath("$root/one");
check($lock->exists() && !$lock->tryLock() && $integer->refresh() === 10 && $integers->increment('k', 1) === 11, 'and back by the root');
check($lock->unlock() && !file_lock('k', $one)->exists() && file_lock('k', new FileManager("$root/two"))->unlock(), 'each for itself');
// What a Hold holds stays where it was taken.
$hold = $lock->hold();
$two->setRootPath("$root/three");
check($hold->isValid() && !$lock->exists() && !file_exists("$root/three"), 'not here');
$hold->renew(60);
check($hold->release() && !file_lock('k', $one)->exists(), 'there');
// The same while a call waits: it goes on where it began.
$two->setRootPath("$root/one");
$lock->lock();
pcntl_async_signals(true);
$child = file_child('use PhpSync\Drivers\FileSystem\FileManager; Child::untilAsleep((int) $argv[2]); posix_kill((int) $argv[2], SIGUSR1);
    hear(); Child::untilAsleep((int) $argv[2]); check(file_lock("k", new FileManager(root_path() . "/one"))->unlock(), "there");', [getmypid()]);
pcntl_signal(SIGUSR1, function () use ($two, $lock, $integer, $child) {
    $two->setRootPath(root_path() . '/four');
    check(!$lock->exists() && $lock->tryLock() && $lock->unlock() && $integer->increment() === 1, 'elsewhere meanwhile');
    $child->send('go');
});
$lock->wait();
check($child->end() === 0 && $two->getRootPath() === "$root/four" && !file_lock('k', $one)->exists(), 'the wait ended where it began');
echo "done\n";
?>
--EXPECT--
done
