--TEST--
A Lock outlives its script; another frees it and wakes who waits; one caller gets each acquisition
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
require __DIR__ . '/../include/files.inc';
use PhpSync\Drivers\FileSystem\{FileManager, FileSystemLockSyncDriver};
use PhpSync\Generic\Lock;
$driver = new FileSystemLockSyncDriver(new FileManager(root_path()));
$lock = Lock::getInstance('pause', $driver);
check((file_child('file_lock("pause")->lock();'))->end() === 0, 'a script locks and ends');
check($lock->exists() && $driver->exists('pause') && $lock->isGhost(), 'its Lock is still there');
$waiting = [
    file_child('say("on it"); file_lock("pause")->wait(); say("waited");'),
    file_child('say("on it"); (new PhpSync\Drivers\FileSystem\FileSystemLockSyncDriver(new PhpSync\Drivers\FileSystem\FileManager(root_path())))->wait("pause"); say("waited");'),
];
foreach ($waiting as $child) $child->expect('on it')->asleep();
check($lock->unlock() && !$lock->exists(), 'anyone frees it');
foreach ($waiting as $child) check($child->expect('waited')->end() === 0, 'and wakes the waiters');

// Eight processes, a counter that is no Integer: only mutual exclusion makes it exact. The root is missing at first.
remove(root_path());
$children = [];
for ($n = 0; $n < 8; $n++) {
    $children[] = file_child('
        $lock = file_lock("mutex"); $file = sys_get_temp_dir() . "/" . basename(root_path()) . ".count";
        hear();
        for ($i = 0; $i < 25; $i++) { $lock->lock(); file_put_contents($file, 1 + (int) @file_get_contents($file)); check($lock->unlock(), "mine"); }');
}
foreach ($children as $child) $child->send('go');
foreach ($children as $child) check($child->end() === 0, 'ended');
$file = sys_get_temp_dir() . '/' . basename(root_path()) . '.count';
echo file_get_contents($file), "\n";
unlink($file);

// A driver called directly blocks too, and without re-entrance.
$driver->lock('twice');
check($lock->getKey() === 'pause' && !file_lock('twice')->tryLock(0.01), 'busy for this very process');
$taker = file_child('say("on it"); (new PhpSync\Drivers\FileSystem\FileSystemLockSyncDriver(new PhpSync\Drivers\FileSystem\FileManager(root_path())))->lock("twice"); say("mine");');
$taker->expect('on it')->asleep();
check($driver->unlock('twice'), 'freed');
check($taker->expect('mine')->end() === 0 && $driver->exists('twice') && $driver->unlock('twice') && !$driver->unlock('twice'), 'the next one got it');
?>
--EXPECT--
200
