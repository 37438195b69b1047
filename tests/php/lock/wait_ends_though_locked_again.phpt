--TEST--
wait() also returns when the Lock it waits for ended and another began at once
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$lock = space()->getLock('k');
$lock->lock();
$waiter = (new Child("say('waiting'); space()->getLock('k')->wait(); say('on');"))->expect('waiting')->asleep();
// Across a network a waiter may be asleep for the very first answer, which then names the acquisition that follows.
$times = preg_match('~^(redis|postgres)~', space_dsn()) ? 5 : 1;
do {
    $lock->unlock();
    $lock->lock();
} while (--$times > 0 && !$waiter->speaksWithin(10));
$waiter->expect('on');
check($waiter->end() === 0 && $lock->exists(), 'still locked');
echo "done\n";
?>
--EXPECT--
done
