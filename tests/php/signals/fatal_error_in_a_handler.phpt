--TEST--
A fatal error in a handler ends the script after the library was left in order
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$lock = space()->getLock('k');
foreach (['$lock->wait();', '$lock->lock();', '$lock->synchronized("var_dump");', 'space()->lock("k");', 'space()->getInteger("i")->waitForChange();'] as $call) {
    $lock->tryLock();
    $child = new Child('ini_set("display_errors", "0"); pcntl_async_signals(true);
        pcntl_signal(SIGTERM, function () { eval("class A {} class A {}"); });
        register_shutdown_function(function () { say("shutdown " . error_get_last()["type"]); space()->getInteger("n")->increment(); space()->getLock("k")->unlock(); });
        $lock = space()->getLock("k"); $hold = space()->getLock("h")->hold();
        say("blocking"); ' . $call . ' say("no");');
    $child->expect('blocking')->asleep()->signal(SIGTERM)->expect('shutdown ' . E_COMPILE_ERROR);
    check($child->end() === 255, 'exit code');
    check(!$lock->exists() && !space()->getLock('h')->exists(), 'the shutdown function used the space; the Hold is freed');
}
check(space()->getInteger('n')->refresh() === 5, 'all of them');
echo "done\n";
?>
--EXPECT--
done
