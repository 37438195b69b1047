--TEST--
In the default manager an entry of a file driver is class and key alone; plain objects can be cloned, serialized and shown
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
require __DIR__ . '/../include/files.inc';
use PhpSync\Drivers\FileSystem\{FileManager, FileSystemIntegerSyncDriver, FileSystemLockSyncDriver};
use PhpSync\Generic\{Integer, Lock, SingletonManager};
$one = new FileSystemLockSyncDriver(new FileManager(root_path()));
$two = new FileSystemLockSyncDriver(new FileManager(root_path() . '/two'));
$lock = Lock::getInstance('k', $one);
check(Lock::getInstance('k', $one) === $lock && Lock::getInstance('k', $two) === $lock && Lock::getInstance('l', $one) !== $lock, 'as in the package');
check(Lock::getInstance('k', $one, new SingletonManager) !== $lock && Lock::getInstance('k', PhpSync\Space::open(space_dsn())) !== $lock, 'another manager, another kind');
$integers = new FileSystemIntegerSyncDriver(new FileManager(root_path()));
$n = Integer::getInstance('k', $integers);
check(Integer::getInstance('k', $integers) === $n && $n->increment() === 1, 'Integers have entries of their own');
$mine = new SingletonManager;
check(Lock::getInstance('k', $one, $mine) === Lock::getInstance('k', $two, $mine) && $mine->has('k', Lock::class), 'a manager that is given');
$manager = new FileManager(root_path());
$copy = clone $manager;
$copy->setRootPath('/elsewhere');
check($manager->getRootPath() === root_path() && unserialize(serialize($copy))->getRootPath() === '/elsewhere', 'plain objects');
check(unserialize(serialize($integers))->getValue('k') === 1 && (clone $integers)->increment('k', 1) === 2 && $integers == unserialize(serialize($integers)), 'drivers too');
print_r(new FileManager("/r"));
print_r(new FileSystemLockSyncDriver(new FileManager('/r')));
$cycle = new class(root_path()) extends FileManager { public $driver; };
$cycle->driver = new FileSystemLockSyncDriver($cycle);
$lock = Lock::getInstance('cycle', $cycle->driver, new SingletonManager);

unset($cycle, $lock);
check(gc_collect_cycles() > 0, 'a cycle is collected');
?>
--EXPECT--
PhpSync\Drivers\FileSystem\FileManager Object
(
    [rootPath:PhpSync\Drivers\FileSystem\FileManager:private] => /r
)
PhpSync\Drivers\FileSystem\FileSystemLockSyncDriver Object
(
    [manager:protected] => PhpSync\Drivers\FileSystem\FileManager Object
        (
            [rootPath:PhpSync\Drivers\FileSystem\FileManager:private] => /r
        )

)
