--TEST--
Times are seconds: null and INF have no limit, NaN and negative ones are errors
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$lock = space()->getLock('k');
var_dump($lock->waitFor(), $lock->waitFor(INF), $lock->waitFor(0), $lock->tryLock(INF), $lock->unlock(), $lock->tryLock(1));
foreach ([[NAN], [-1], [-INF], [-0.001]] as [$bad]) {
    echo thrown(function () use ($lock, $bad) { $lock->tryLock($bad); }), "\n";
    echo thrown(function () use ($lock, $bad) { $lock->waitFor($bad); }), "\n";
    echo thrown(function () use ($lock, $bad) { $lock->hold($bad); }), "\n";
    echo thrown(function () use ($lock, $bad) { $lock->synchronized('strlen', $bad); }), "\n";
}
foreach ([0, -1, INF, NAN, 0.0] as $bad) echo thrown(function () use ($lock, $bad) { $lock->hold(0, $bad); }), "\n";
?>
--EXPECT--
bool(true)
bool(true)
bool(true)
bool(true)
bool(true)
bool(true)
ValueError: PhpSync\Generic\Lock::tryLock(): Argument #1 ($timeout) must be a number of seconds, 0 or more
ValueError: PhpSync\Generic\Lock::waitFor(): Argument #1 ($timeout) must be a number of seconds, 0 or more
ValueError: PhpSync\Generic\Lock::hold(): Argument #1 ($timeout) must be a number of seconds, 0 or more
ValueError: PhpSync\Generic\Lock::synchronized(): Argument #2 ($timeout) must be a number of seconds, 0 or more
ValueError: PhpSync\Generic\Lock::tryLock(): Argument #1 ($timeout) must be a number of seconds, 0 or more
ValueError: PhpSync\Generic\Lock::waitFor(): Argument #1 ($timeout) must be a number of seconds, 0 or more
ValueError: PhpSync\Generic\Lock::hold(): Argument #1 ($timeout) must be a number of seconds, 0 or more
ValueError: PhpSync\Generic\Lock::synchronized(): Argument #2 ($timeout) must be a number of seconds, 0 or more
ValueError: PhpSync\Generic\Lock::tryLock(): Argument #1 ($timeout) must be a number of seconds, 0 or more
ValueError: PhpSync\Generic\Lock::waitFor(): Argument #1 ($timeout) must be a number of seconds, 0 or more
ValueError: PhpSync\Generic\Lock::hold(): Argument #1 ($timeout) must be a number of seconds, 0 or more
ValueError: PhpSync\Generic\Lock::synchronized(): Argument #2 ($timeout) must be a number of seconds, 0 or more
ValueError: PhpSync\Generic\Lock::tryLock(): Argument #1 ($timeout) must be a number of seconds, 0 or more
ValueError: PhpSync\Generic\Lock::waitFor(): Argument #1 ($timeout) must be a number of seconds, 0 or more
ValueError: PhpSync\Generic\Lock::hold(): Argument #1 ($timeout) must be a number of seconds, 0 or more
ValueError: PhpSync\Generic\Lock::synchronized(): Argument #2 ($timeout) must be a number of seconds, 0 or more
ValueError: PhpSync\Generic\Lock::hold(): Argument #2 ($lease) must be a finite number of seconds above 0
ValueError: PhpSync\Generic\Lock::hold(): Argument #2 ($lease) must be a finite number of seconds above 0
ValueError: PhpSync\Generic\Lock::hold(): Argument #2 ($lease) must be a finite number of seconds above 0
ValueError: PhpSync\Generic\Lock::hold(): Argument #2 ($lease) must be a finite number of seconds above 0
ValueError: PhpSync\Generic\Lock::hold(): Argument #2 ($lease) must be a finite number of seconds above 0
