--TEST--
Constructors, getInstance and questions touch nothing on disk; of ours nothing lies directly in the root
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
require __DIR__ . '/../include/files.inc';
use PhpSync\Drivers\FileSystem\{FileManager, FileSystemIntegerSyncDriver, FileSystemLockSyncDriver};
use PhpSync\Core\Exceptions\IntegerDoesNotExistException;
$root = root_path();
$manager = new FileManager($root);
$locks = new FileSystemLockSyncDriver($manager);
$integers = new FileSystemIntegerSyncDriver($manager);
$lock = file_lock('k');
$integer = file_integer('k');
foreach ([false, true] as $there) {
    if ($there) mkdir($root);
    check(!$lock->exists() && !$lock->unlock() && $lock->wait() === null && $lock->waitFor(0) && $lock->owner() === null && !$lock->isGhost() && !$lock->unlockIf(1) && $lock->lastFence() === null, 'no Lock');
    check(!$locks->exists('k') && !$locks->unlock('k') && $locks->wait('k') === null, 'nor for the driver');
    check(!$integer->exists() && $integer->getValue() === 0 && $integer->delete() === null && !$integer->compareAndSet(0, 1), 'no Integer');
    check(!$integers->hasValue('k') && $integers->delete('k') === null, 'nor for the driver');
    foreach ([[$integer, 'refresh'], [$integers, 'getValue', 'k']] as $call) {
        try { $call[0]->{$call[1]}(...array_slice($call, 2)); echo "no exception\n"; } catch (IntegerDoesNotExistException $e) { }
    }
    check($there ? scandir($root) === ['.', '..'] : !file_exists($root), 'nothing was made');
}
rmdir($root);
$lock->lock();
$integer->increment();
$hold = file_lock('h')->hold(0, 60);
foreach (array_diff(scandir($root), ['.', '..']) as $name) check(is_dir("$root/$name"), "$name is a folder");
check($lock->unlock(), 'unlocked');
echo "done\n";
?>
--EXPECT--
done
