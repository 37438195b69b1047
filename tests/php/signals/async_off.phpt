--TEST--
With async signals off a wait goes on, and the handler runs at the next dispatch
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$lock = space()->getLock('k');
$lock->lock();
$child = new Child('pcntl_signal(SIGUSR1, function () { say("handled"); });
    say("blocking"); space()->getLock("k")->wait(); say("on"); pcntl_signal_dispatch(); say("end"); hear();');
$child->expect('blocking')->asleep()->signal(SIGUSR1)->asleep();
$lock->unlock();
$child->expect('on')->expect('handled')->expect('end')->send('');
echo $child->end(), "\n";
?>
--EXPECT--
0
