--TEST--
Methods that a driver written in PHP cannot serve say which driver lacks what
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
require __DIR__ . '/../include/driver.inc';

use PhpSync\Generic\{Lock, Integer};
$d = new Driver;
$lock = Lock::getInstance('k', $d);
$i = Integer::getInstance('k', $d);
foreach ([[$lock, 'tryLock'], [$lock, 'waitFor'], [$lock, 'lastFence'], [$lock, 'hold'], [$lock, 'synchronized', 'strlen'], [$lock, 'owner'], [$lock, 'isGhost'], [$lock, 'unlockIf', 1],
          [$i, 'compareAndSet', 1, 2], [$i, 'waitUntilAtLeast', 1], [$i, 'waitUntilAtMost', 1], [$i, 'waitForChange']] as $call) {
    $text = thrown(function () use ($call) { $call[0]->{$call[1]}(...array_slice($call, 2)); });
    check($text === "PhpSync\Core\Exceptions\SyncOperationException: the driver Driver, written in PHP, lacks {$call[1]}(); use a PhpSync\Space for it", $text);
}
check($d->log === ['hasValue["k"]'], 'the driver was not called');
echo strtok(thrown(function () use ($i) { $i->decrement(PHP_INT_MIN); }), ':'), "\n";
$d->values['k'] = 0;
check($i->increment(PHP_INT_MIN) === PHP_INT_MIN, 'but increment() can');
?>
--EXPECT--
PhpSync\Core\Exceptions\SyncOperationException
