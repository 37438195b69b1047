--TEST--
A Lock that this object holds itself blocks it too
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$lock = space()->getLock('a');
$lock->lock();
check(!$lock->tryLock(), 'tryLock() of an own Lock');
$start = hrtime(true);
check(!$lock->tryLock(0.2), 'with time');
$took = (hrtime(true) - $start) / 1e9;
check($took >= 0.2 && $took < 30, "the time-out: $took s");
check(!$lock->waitFor(0.05), 'waitFor() an own Lock');
echo "done\n";
?>
--EXPECT--
done
