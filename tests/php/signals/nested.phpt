--TEST--
A handler may wait itself; an exception that leaves the inner wait leaves the outer one
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
space()->getLock('outer')->lock(); space()->getLock('inner')->lock();
$child = new Child('pcntl_async_signals(true);
    pcntl_signal(SIGUSR1, function () { say("inner"); space()->getLock("inner")->wait(); say("inner done"); throw new Exception("from inside"); });
    say("outer"); try { space()->getLock("outer")->wait(); } catch (Exception $e) { say($e->getMessage()); }');
$child->expect('outer')->asleep()->signal(SIGUSR1)->expect('inner')->asleep();
space()->getLock('inner')->unlock();
$child->expect('inner done')->expect('from inside');
echo $child->end(), "\n";
?>
--EXPECT--
0
