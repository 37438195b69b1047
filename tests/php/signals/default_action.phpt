--TEST--
SIGTERM with its default action ends a blocked process at once
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$lock = space()->getLock('k');
foreach (['wait', 'lock', 'hold'] as $method) {
    foreach ([SIGTERM, SIGINT, SIGKILL] as $signal) {
        $lock->tryLock();
        $child = (new Child("say('blocking'); space()->getLock('k')->$method(); say('no');"))->expect('blocking')->asleep();
        $start = hrtime(true);
        $child->signal($signal);
        check($child->end() === -$signal, "ended by $signal");
        check(hrtime(true) - $start < 30e9, 'at once');
        check($lock->unlock() && $lock->tryLock() && $lock->unlock(), 'others go on');
    }
}
echo "done\n";
?>
--EXPECT--
done
