--TEST--
A Hold is freed by release(), once, and never frees another acquisition
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$lock = space()->getLock('k');
$hold = $lock->hold();
check($hold instanceof PhpSync\Hold && $hold->key === 'k' && $hold->fence === $lock->lastFence() && $hold->expiresAt === null, 'properties');
check($lock->exists() && $hold->isValid() && $lock->owner()->fence === $hold->fence, 'held');
check($lock->hold(0) === null && $lock->hold(0.05) === null, 'no second Hold');
var_dump($hold->release(), $hold->release(), $hold->isValid(), $lock->exists());
$hold = $lock->hold();
check($lock->unlock() && !$hold->isValid(), 'unlock() frees a Hold too');
$lock->lock();
var_dump($hold->release());
check($lock->exists(), 'the next acquisition stays');
echo thrown(function () use ($hold) { $hold->renew(1); }) === 'nothing' ? 'renewed' : 'lease lost', "\n";
unset($hold);
check($lock->exists(), 'the object of an ended Hold frees nothing');
?>
--EXPECT--
bool(true)
bool(false)
bool(false)
bool(false)
bool(false)
lease lost
