--TEST--
A wait in a Fiber runs handlers, and their exceptions leave it
--SKIPIF--
<?php if (PHP_VERSION_ID < 80100) echo 'skip no fibers'; ?>
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
space()->getLock('k')->lock();
$child = new Child('pcntl_async_signals(true);
    pcntl_signal(SIGUSR1, function () { say("handled"); });
    pcntl_signal(SIGUSR2, function () { throw new Exception("left"); });
    $fiber = new Fiber(function () { Fiber::suspend(); say("blocking"); try { space()->getLock("k")->wait(); } catch (Exception $e) { Fiber::suspend($e->getMessage()); } return "end"; });
    $fiber->start(); say($fiber->resume()); $fiber->resume(); say($fiber->getReturn());');
$child->expect('blocking')->asleep()->signal(SIGUSR1)->expect('handled')->asleep()->signal(SIGUSR2)->expect('left')->expect('end');
echo $child->end(), "\n";
?>
--EXPECT--
0
