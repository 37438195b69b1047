--TEST--
exit in a handler ends a blocked script, with destructors and its exit code
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$lock = space()->getLock('k');
foreach (['wait', 'lock', 'hold'] as $method) {
    $lock->tryLock();
    $child = new Child('pcntl_async_signals(true);
        pcntl_signal(SIGTERM, function () { exit(7); });
        class D { function __destruct() { say("destructed"); } }
        function work() { $d = new D; $other = space()->getLock("other")->hold(); say("blocking"); space()->getLock("k")->' . $method . '(); say("no"); }
        register_shutdown_function(function () { say("shutdown"); });
        try { work(); } catch (Throwable $e) { say("caught"); } finally { say("finally"); }');
    $child->expect('blocking')->asleep()->signal(SIGTERM);
    // PHP 8 unwinds the stack first, PHP 7.4 frees it last.
    foreach (PHP_VERSION_ID >= 80000 ? ['destructed', 'shutdown'] : ['shutdown', 'destructed'] as $line) $child->expect($line);
    check($child->end() === 7, 'exit code');
    check(!space()->getLock('other')->exists(), 'its Hold is freed');
}
echo "done\n";
?>
--EXPECT--
done
