--TEST--
After a handler the wait goes on with the time that is left
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$lock = space()->getLock('k');
$lock->lock();
$child = new Child('pcntl_async_signals(true); pcntl_signal(SIGUSR1, function () { say("handled"); });
    $start = hrtime(true); say("blocking"); $r = space()->getLock("k")->tryLock(1.0);
    $took = (hrtime(true) - $start) / 1e9; say($r === false && $took >= 1.0 && $took < 6 ? "in time" : "took $took");');
$child->expect('blocking')->asleep();
for ($n = 0; $n < 5; $n++) { usleep(50000); $child->signal(SIGUSR1)->expect('handled'); }
$child->expect('in time');
echo $child->end(), "\n";
?>
--EXPECT--
0
