--TEST--
After a handler the wait goes on with the time that is left
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$lock = space()->getLock('k');
$lock->lock();
$child = new Child('pcntl_async_signals(true); pcntl_signal(SIGUSR1, function () { say("handled"); });
    $start = hrtime(true); say("blocking"); $r = space()->getLock("k")->tryLock(1.0);
    $took = (hrtime(true) - $start) / 1e9; say($r === false && $took >= 1.0 ? "in time" : "took $took"); hear();');
$child->expect('blocking')->asleep();
// Would each handler begin the time anew, the wait would never end: the pauses are shorter.
for ($n = 0; $n < 600 && ($line = $child->signal(SIGUSR1)->line()) === 'handled'; $n++) usleep(50000);
check($line === 'in time', "$line after $n signals");
$child->send('');
$child->rest(); // a signal may have come after the time
echo $child->status(), "\n";
?>
--EXPECT--
0
