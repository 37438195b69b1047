--TEST--
An exception of a handler leaves the wait as it is; nothing was taken, all goes on
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
foreach (['$lock->wait();', '$lock->lock();', '$lock->hold();', '$lock->synchronized("var_dump");', 'space()->lock("k");', '$i->waitForChange();'] as $call) {
    $lock = space()->getLock('k');
    $lock->tryLock();
    $fence = $lock->owner()->fence;
    space()->getInteger('i')->setValue(0);
    $child = new Child('pcntl_async_signals(true);
        class Stop extends Exception {}
        $own = new Stop("stop");
        pcntl_signal(SIGTERM, function () use ($own) { throw $own; });
        $lock = space()->getLock("k"); $i = space()->getInteger("i");
        try { say("blocking"); ' . $call . ' say("no exception"); }
        catch (Stop $e) { say($e === $own && $e->getPrevious() === null ? "unwrapped" : "wrapped"); }
        hear(); $lock->lock(); say("locked");');
    $child->expect('blocking')->asleep();
    $child->signal(SIGTERM)->expect('unwrapped');
    check($lock->owner()->fence === $fence, 'still the first acquisition');
    $child->send('go')->asleep();
    $lock->unlock();
    $child->expect('locked');
    check($child->end() === 0 && $lock->unlock(), $call);
}
echo "done\n";
?>
--EXPECT--
done
