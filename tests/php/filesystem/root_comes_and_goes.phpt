--TEST--
The root may vanish and come back, become another folder behind a link, or move; objects follow
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
require __DIR__ . '/../include/files.inc';
use PhpSync\Drivers\FileSystem\FileManager;
$root = root_path();
$lock = file_lock('k');
$n = file_integer('k');
for ($i = 0; $i < 3; $i++) {
    $lock->lock();
    check($n->increment() === 1 && $n->increment() === 2, 'anew');
    $hold = file_lock('h')->hold();
    remove($root);
    check(!$lock->exists() && !$n->exists() && !$lock->unlock() && !$hold->isValid() && !$hold->release() && $n->getValue() === 2, 'gone with it');
    check(thrown(function () use ($n) { $n->refresh(); }) !== 'nothing' && !file_exists($root), 'and not made for a question');
    if ($i === 1) mkdir($root);
}
check($n->increment(5) === 5 && $lock->tryLock() && $lock->unlock(), 'anew');
rename($root, "$root.old");
check(!$n->exists() && !file_exists($root), 'moved away');
for ($moved = 0; $n->increment() !== 1; $moved++) usleep(1000); // an open file is looked for at its place every 50 ms only
check($moved < 20000 && (int) file_get_contents((new FileManager("$root.old"))->getFileName('k', 'integers')) === 5 + $moved, 'not one is lost');
remove($root);
rename("$root.old", $root);
check($n->refresh() === 5 + $moved, 'and back');
// A link that is set to another folder, as deployments do.
mkdir("$root/one");
mkdir("$root/two");
symlink('one', "$root/current");
$manager = new FileManager("$root/current");
$n = file_integer('k', $manager);
$lock = file_lock('k', $manager);
$lock->lock();
check($n->increment() === 1 && is_dir("$root/one/locks"), 'through the link');
symlink('two', "$root/next");
rename("$root/next", "$root/current");
check(!$lock->exists() && $n->increment(7) === 7 && is_dir("$root/two/integers") && $lock->tryLock(), 'the other folder');
check(file_lock('k', new FileManager("$root/one"))->unlock() && $lock->unlock(), 'both');
// A folder that gives way to a link, in a burst of calls.
$manager = new FileManager("$root/plain");
$n = file_integer('k', $manager);
$lock = file_lock('k', $manager);
check($n->increment(100) === 100 && $lock->tryLock() && $lock->unlock(), 'no link yet');
rename("$root/plain", "$root/old");
symlink('two', "$root/plain");
check($lock->tryLock() && file_lock('k', new FileManager("$root/two"))->unlock(), 'the link leads to the Lock at once');
for ($moved = 0; $n->increment() > 100; $moved++) usleep(1000);
check($n->getValue() === 8, 'and to the Integer soon');
// Who waits sees its Lock go with the folder, and a waiter for a value sees it come.
$lock = file_lock('w', new FileManager("$root/w"));
$lock->lock();
$waiter = file_child('use PhpSync\Drivers\FileSystem\FileManager; $m = new FileManager(root_path() . "/w"); say("on it"); file_lock("w", $m)->wait(); say("waited"); file_integer("w", $m)->waitUntilAtLeast(3); say("there");')->expect('on it')->asleep();
rename("$root/w", "$root/gone");
remove("$root/gone");
$waiter->expect('waited')->asleep();
file_integer('w', new FileManager("$root/w"))->setValue(3);
check($waiter->expect('there')->end() === 0, 'woken');
// Many roots in one process: those that are gone are let go.
for ($i = 0; $i < 200; $i++) {
    $manager = new FileManager("$root/many/$i");
    file_lock('k', $manager)->lock();
    check(file_integer('k', $manager)->increment() === 1, 'counts');
    unset($manager);
    remove("$root/many/$i");
}
check(count(scandir('/proc/self/fd')) < 60, count(scandir('/proc/self/fd')) . ' open files');
echo "done\n";
?>
--EXPECT--
done
