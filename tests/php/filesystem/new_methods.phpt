--TEST--
Lock and Integer over the file drivers have all that they have over a Space
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
require __DIR__ . '/../include/files.inc';
use PhpSync\Core\Exceptions\LockTimeoutException;
use PhpSync\Drivers\FileSystem\FileManager;
$lock = file_lock('k');
check($lock->tryLock() && !$lock->tryLock() && !$lock->tryLock(0.01), 'tryLock');
$fence = $lock->lastFence();
$owner = $lock->owner();
check($owner->fence === $fence && $owner->pid === getmypid() && $owner->alive === true && basename($owner->label) === basename(__FILE__), 'owner');
check(!$lock->isGhost() && !$lock->waitFor(0.01), 'still there');
check(!$lock->unlockIf($fence - 1) && $lock->unlockIf($fence) && !$lock->unlockIf($fence) && $lock->waitFor(), 'unlockIf');
$hold = $lock->hold();
check($hold->fence > $fence && $hold->key === 'k' && $hold->isValid() && $lock->lastFence() === $hold->fence, 'hold');
$hold->renew(60);
check($hold->expiresAt !== null && $lock->hold(0.01) === null, 'renewed');
try { $lock->synchronized('strlen', 0); echo "no exception\n"; } catch (LockTimeoutException $e) { echo $e->getMessage(), "\n"; }
check($hold->release() && !$hold->release() && !$lock->exists(), 'released');
check($lock->synchronized(function ($h) use ($lock) { return $h->isValid() && $lock->exists(); }) && !$lock->exists(), 'synchronized');
$lock->hold();
check(!$lock->exists(), 'a Hold ends with its object');
$child = file_child('$hold = file_lock("k")->hold(); say("held"); hear();')->expect('held');
check(!$lock->tryLock() && $lock->owner()->pid === $child->pid, 'held by another');
$child->signal(SIGKILL)->status();
$lock->lock();
check($lock->owner()->pid === getmypid() && $lock->unlock(), 'a Hold ends with its process');

$n = file_integer('n');
check(!$n->compareAndSet(0, 1) && !$n->waitUntilAtLeast(0, 0) && !$n->waitForChange(0), 'there is none');
$n->setValue(5);
check(!$n->compareAndSet(4, 9) && $n->compareAndSet(5, 6) && $n->getValue() === 6, 'compareAndSet');
check($n->waitUntilAtLeast(6) && $n->waitUntilAtMost(6) && !$n->waitUntilAtLeast(7, 0.01) && !$n->waitForChange(0.01), 'as it is');
$other = file_child('$n = file_integer("n"); say("waiting"); $n->waitUntilAtLeast(8); say((string) $n->getValue()); $n->waitUntilAtMost(0); say((string) $n->getValue()); $n->waitForChange(); say((string) $n->getValue());');
$other->expect('waiting')->asleep();
$n->increment(2);
$other->expect('8')->asleep();
$n->setValue(-3);
$other->expect('-3')->asleep();
$n->delete();
check($other->expect('0')->end() === 0, 'a deletion is a change');
$n->increment(3);
file_integer('n')->increment();
check($n->waitForChange(0) && $n->getValue() === 4, 'others changed it');
// The KNOWN VALUE and the fence are of the object, wherever its FileManager sends it.
$manager = new FileManager(root_path());
$n = file_integer('n', $manager);
$lock = file_lock('k', $manager);
$lock->lock();
$fence = $lock->lastFence();
$manager->setRootPath(root_path() . '/other');
check($n->getValue() === 4 && $lock->lastFence() === $fence && !$n->exists() && $n->getValue() === 4 && !$lock->exists(), 'nothing was learned yet');
check($n->increment() === 1 && $n->getValue() === 1 && $lock->tryLock() && $lock->lastFence() !== null, 'another place');
echo "done\n";
?>
--EXPECT--
Lock "k" was not free within 0 seconds; try again or give it more time
done
