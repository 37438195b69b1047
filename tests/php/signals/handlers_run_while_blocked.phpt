--TEST--
A blocked wait runs pcntl handlers at once and goes on waiting
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
foreach (['$lock->wait();', '$lock->lock();', '$lock->waitFor(600);', '$lock->tryLock(600);', '$lock->hold();', '$lock->synchronized(function () {});',
          'space()->lock("k");', 'space()->wait("k");',
          '$i->waitUntilAtLeast(1);', '$i->waitUntilAtMost(-1, 600);', '$i->waitForChange();'] as $call) {
    $lock = space()->getLock('k');
    $lock->tryLock();
    space()->getInteger('i')->setValue(0);
    $child = new Child('pcntl_async_signals(true);
        $n = 0;
        pcntl_signal(SIGUSR1, function ($signal, $info) use (&$n) { $n++; say("handled $n"); });
        pcntl_signal(SIGUSR2, function () { say("and this"); }, false);
        $lock = space()->getLock("k"); $i = space()->getInteger("i");
        say("blocking"); ' . $call . ' say("on"); hear();');
    $child->expect('blocking')->asleep();
    for ($n = 1; $n <= 3; $n++) {
        $start = hrtime(true);
        $child->signal(SIGUSR1)->expect("handled $n");
        check(hrtime(true) - $start < 30e9, "$call: at once");
        $child->asleep();
    }
    $child->signal(SIGUSR2)->expect('and this')->asleep();
    if (strpos($call, '$i->') === 0) {
        space()->getInteger('i')->setValue(strpos($call, 'AtMost') ? -1 : 1);
    } else {
        $lock->unlock();
    }
    $child->expect('on')->send('end');
    check($child->end() === 0, $call);
}
echo "done\n";
?>
--EXPECT--
done
