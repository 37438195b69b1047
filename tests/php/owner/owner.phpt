--TEST--
owner() tells who holds a Lock: host, pid, script, times, fence
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$lock = space()->getLock('k');
check($lock->owner() === null && !$lock->isGhost(), 'nobody');
$before = microtime(true);
$lock->lock();
$owner = $lock->owner();
check($owner instanceof PhpSync\Owner, 'an Owner');
check($owner->host === gethostname() && $owner->pid === getmypid(), 'host and pid');
check($owner->label === realpath(__FILE__), "label: {$owner->label}");
$at = (float) $owner->acquiredAt->format('U.u');
check($owner->acquiredAt instanceof DateTimeImmutable && $at > $before - 1 && $at < microtime(true) + 1, 'acquiredAt');
check($owner->expiresAt === null && $owner->alive === true && $owner->fence === $lock->lastFence(), 'the rest');
check(!$lock->isGhost(), 'no ghost');
$lock->unlock();
$hold = $lock->hold(0, 3600);
$left = (float) $lock->owner()->expiresAt->format('U.u') - microtime(true);
check($left > 3000 && $left < 3601, "expiresAt: $left");
foreach (['host' => 'x', 'pid' => 1, 'fence' => 1, 'alive' => false, 'unknown' => 1] as $name => $value) {
    echo thrown(function () use ($owner, $name, $value) { $owner->$name = $value; }), "\n";
}
echo thrown(function () use ($owner) { unset($owner->pid); }), "\n";
echo thrown(function () use ($owner) { clone $owner; }), "\n";
echo thrown(function () use ($owner) { serialize($owner); }), "\n";
echo thrown(function () { new PhpSync\Owner(); }), "\n";
?>
--EXPECT--
Error: Cannot modify readonly property PhpSync\Owner::$host
Error: Cannot modify readonly property PhpSync\Owner::$pid
Error: Cannot modify readonly property PhpSync\Owner::$fence
Error: Cannot modify readonly property PhpSync\Owner::$alive
Error: Cannot create dynamic property PhpSync\Owner::$unknown
Error: Cannot unset readonly property PhpSync\Owner::$pid
Error: Trying to clone an uncloneable object of class PhpSync\Owner
Exception: Serialization of 'PhpSync\Owner' is not allowed
Error: Call to private PhpSync\Owner::__construct() from global scope
