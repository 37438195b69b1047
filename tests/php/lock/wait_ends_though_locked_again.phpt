--TEST--
wait() also returns when the Lock it waits for ended and another began at once
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$lock = space()->getLock('k');
$lock->lock();
$waiter = (new Child("say('waiting'); space()->getLock('k')->wait(); say('on');"))->expect('waiting')->asleep();
$lock->unlock();
$lock->lock();
$waiter->expect('on');
check($waiter->end() === 0 && $lock->exists(), 'still locked');
echo "done\n";
?>
--EXPECT--
done
