--TEST--
Signals are served while a call on files is blocked; what a handler throws leaves it as it is, exit ends the script
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
require __DIR__ . '/../include/files.inc';
file_lock('k')->lock();
$calls = ['file_lock("k")->lock();', 'file_lock("k")->wait();', 'file_lock("k")->tryLock(100);', 'file_lock("k")->waitFor(100);', 'file_lock("k")->hold();', 'file_lock("k")->synchronized("strlen");',
    'file_integer("n")->waitUntilAtLeast(1);', 'file_integer("n")->waitUntilAtMost(-1, 100);', 'file_integer("n")->waitForChange();',
    '(new PhpSync\Drivers\FileSystem\FileSystemLockSyncDriver(new PhpSync\Drivers\FileSystem\FileManager(root_path())))->lock("k");',
    '(new PhpSync\Drivers\FileSystem\FileSystemLockSyncDriver(new PhpSync\Drivers\FileSystem\FileManager(root_path())))->wait("k");'];
$children = [];
foreach ($calls as $call) {
    $children[] = file_child('
        final class Out extends Exception {}
        pcntl_async_signals(true);
        pcntl_signal(SIGUSR1, function () { check(file_lock("k")->exists() && file_integer("other")->increment() > 0, "the handler uses files"); say("served"); });
        pcntl_signal(SIGUSR2, function () { throw new Out("out"); });
        say("on it");
        try { ' . $call . ' } catch (Throwable $e) { say(get_class($e) . " " . get_class($e->getPrevious() ?? $e)); }
        pcntl_signal(SIGUSR2, function () { exit(3); });
        say("again");
        ' . $call . '
        say("not here");');
}
foreach ($children as $i => $child) {
    $child->expect('on it')->asleep()->signal(SIGUSR1)->expect('served')->asleep()->signal(SIGUSR1)->expect('served')->asleep();
    $child->signal(SIGUSR2)->expect('Out Out')->expect('again')->asleep()->signal(SIGUSR2);
    check($child->end() === 3, $calls[$i]);
}
check(file_lock('k')->unlock() && !file_lock('k')->exists(), 'nobody took it');
// The default action ends a blocked script at once.
file_lock('k')->lock();
$child = file_child('say("on it"); file_lock("k")->wait();')->expect('on it')->asleep()->signal(SIGTERM);
check($child->status() === -SIGTERM, 'SIGTERM');
echo "done\n";
?>
--EXPECT--
done
