--TEST--
A method of the PHP packages ignores arguments beyond its last parameter, as any method written in PHP does
--SKIPIF--
<?php if (PHP_DEBUG && PHP_VERSION_ID >= 80000) echo 'skip a debug build of PHP lets no internal method do that'; ?>
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
require __DIR__ . '/../include/driver.inc';
use PhpSync\Generic\{Integer, Lock, SingletonManager};
foreach ([space(), new Driver] as $driver) {
    $lock = Lock::getInstance('k', $driver, null, 'more', 'and more');
    check($lock === Lock::getInstance('k', $driver), 'Lock::getInstance');
    check($lock->getKey(1) === 'k' && $lock->lock(1, 2) === null && $lock->exists(1) && $lock->unlock(1) && !$lock->exists([]), 'Lock');
    $lock->wait(new stdClass);
    $integer = Integer::getInstance('k', $driver, null, 'more');
    check($integer === Integer::getInstance('k', $driver), 'Integer::getInstance');
    check($integer->getKey(1) === 'k' && $integer->setValue(5, 6) === null && $integer->getValue(1) === 5, 'Integer');
    check($integer->increment(2, 3) === 7 && $integer->decrement('3', 4) === 4 && $integer->refresh(1) === 4 && $integer->exists(1), 'Integer changed');
    check(strpos(thrown(function () use ($integer) { $integer->increment('x', 1); }), '<- TypeError') !== false, 'the first one counts');
    check($integer->delete(1) === null && !$integer->exists(), 'Integer gone');
}
$space = space();
$space->lock('s', 1);
check($space->exists('s', 1) && $space->unlock('s', 1), 'Space as a driver of Locks');
$space->wait('s', 1);
check($space->setValue('s', 2, 3) === 2 && $space->increment('s', 2, 3) === 4 && $space->getValue('s', 1) === 4 && $space->hasValue('s', 1) && $space->delete('s', 1) === null, 'of Integers');
$manager = new SingletonManager(1, 2);
check($manager->set('k', 'C', $space, 1) === null && $manager->get('k', 'C', 1) === $space && $manager->has('k', 'C', 1) && $manager->remove('k', 'C', 1) === null && !$manager->has('k', 'C'), 'SingletonManager');
echo thrown(function () { Lock::getInstance('k'); }), "\n", thrown(function () use ($manager) { $manager->set('k', 'C'); }), "\n";
// What is new is as strict as PHP's own.
foreach ([function () use ($lock) { $lock->owner(1); }, function () use ($lock) { $lock->tryLock(0.0, 1); }, function () use ($integer) { $integer->compareAndSet(1, 2, 3); }, function () { PhpSync\Space::open(null, 1); }, function () use ($space) { $space->getLock('k', 1); }] as $new) {
    check(strpos(thrown($new), 'ArgumentCountError') === 0, thrown($new));
}
?>
--EXPECT--
ArgumentCountError: PhpSync\Generic\Lock::getInstance() expects at least 2 arguments, 1 given
ArgumentCountError: PhpSync\Generic\SingletonManager::set() expects exactly 3 arguments, 2 given
