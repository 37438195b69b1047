--TEST--
Values, fences and times of the wrong type are TypeErrors, without a warning
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$i = space()->getInteger('i'); $lock = space()->getLock('k');
foreach ([1.5, '1.5', 'x', '', null, [], NAN, INF, 1e19, '99999999999999999999'] as $bad) {
    foreach ([[$i, 'setValue', [$bad]], [$i, 'compareAndSet', [$bad, 1]], [$i, 'compareAndSet', [1, $bad]], [$i, 'waitUntilAtLeast', [$bad, 0]], [$i, 'waitUntilAtMost', [$bad, 0]], [$lock, 'unlockIf', [$bad]], [space(), 'increment', ['i', $bad]], [space(), 'setValue', ['i', $bad]]] as [$object, $method, $arguments]) {
        $text = thrown(function () use ($object, $method, $arguments) { $object->$method(...$arguments); });
        check(strpos($text, 'TypeError: ') === 0 && strpos($text, 'must be of type int') > 0, "$method: $text");
    }
}
check(!$i->exists(), 'nothing was made');
foreach (['x', '', [], new stdClass, '1s'] as $bad) {
    foreach ([[$lock, 'tryLock', [$bad]], [$lock, 'waitFor', [$bad]], [$lock, 'hold', [$bad]], [$lock, 'hold', [0, $bad]], [$lock, 'synchronized', ['strlen', $bad]], [$i, 'waitForChange', [$bad]], [$i, 'waitUntilAtMost', [1, $bad]]] as [$object, $method, $arguments]) {
        $text = thrown(function () use ($object, $method, $arguments) { $object->$method(...$arguments); });
        check(strpos($text, 'TypeError: ') === 0 && strpos($text, 'float') > 0, "$method: $text");
    }
}
check($i->setValue('5') === null && $i->getValue() === 5 && $i->setValue(6.0) === null && $i->setValue(true) === null && $i->getValue() === 1, 'weak mode converts what loses nothing');
check($lock->tryLock('0.5') && !$lock->tryLock(false) && $lock->unlock(), 'times too');
echo thrown(function () use ($lock) { $lock->lastFence(1); }), "\n";
echo thrown(function () use ($i) { $i->compareAndSet(1); }), "\n";
?>
--EXPECT--
ArgumentCountError: PhpSync\Generic\Lock::lastFence() expects exactly 0 arguments, 1 given
ArgumentCountError: PhpSync\Generic\Integer::compareAndSet() expects exactly 2 arguments, 1 given
