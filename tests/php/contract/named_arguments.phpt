--TEST--
Arguments can be given by their names, which are part of the contract
--SKIPIF--
<?php if (PHP_VERSION_ID < 80000) echo 'skip PHP 7.4 has none'; ?>
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
use PhpSync\Generic\{Integer, Lock, SingletonManager};
$s = PhpSync\Space::open(dsn: space_dsn());
$i = $s->getInteger(key: 'i');
$lock = $s->getLock(key: 'k');
check($i->increment(by: 4) === 4 && $i->decrement(by: 1) === 3 && $i->setValue(value: 5) === null, 'Integer');
check($i->compareAndSet(new: 7, expected: 5) && $i->waitUntilAtLeast(timeout: 0, value: 7) && $i->waitUntilAtMost(value: 7) && !$i->waitForChange(timeout: 0), 'Integer, more');
check($lock->tryLock(timeout: 0.0) && $lock->hold(lease: 1.0, timeout: 0) === null && !$lock->waitFor(timeout: 0) && !$lock->unlockIf(fence: 1) && $lock->unlock(), 'Lock');
check($lock->synchronized(timeout: 1, fn: function () { return 1; }) === 1, 'a skipped one keeps its default');
$lock->hold(lease: 500)->renew(lease: 600);
$manager = new SingletonManager;
check(Lock::getInstance(driver: $s, key: 'k') === $lock && Integer::getInstance(driver: $s, key: 'i') === $i, 'getInstance');
check(Lock::getInstance(singletonManager: $manager, key: 'k', driver: $s) === $manager->get(className: Lock::class, key: 'k'), 'with a manager');
check($manager->set(instance: 1, className: 'C', key: 'k') === null && $manager->has(className: 'C', key: 'k') && $manager->remove(className: 'C', key: 'k') === null, 'SingletonManager');
$s->lock(key: 'd');
check($s->exists(key: 'd') && $s->unlock(key: 'd') && $s->wait(key: 'd') === null && $s->setValue(value: 2, key: 'd') === 2, 'Space as a driver');
check($s->increment(by: 2, key: 'd') === 4 && $s->getValue(key: 'd') === 4 && $s->hasValue(key: 'd') && $s->delete(key: 'd') === null, 'of Integers');
echo thrown(function () use ($i) { $i->increment(amount: 1); }), "\n";
echo thrown(function () use ($s) { Lock::getInstance(driver: $s); }), "\n";
?>
--EXPECT--
Error: Unknown named parameter $amount
ArgumentCountError: PhpSync\Generic\Lock::getInstance(): Argument #1 ($key) not passed
