--TEST--
Fences grow, lastFence() is this object's own, unlockIf() frees one acquisition only
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$a = PhpSync\Generic\Lock::getInstance('k', space(), new PhpSync\Generic\SingletonManager());
$b = PhpSync\Generic\Lock::getInstance('k', space(), new PhpSync\Generic\SingletonManager());
check($a->lastFence() === null, 'none yet');
$a->lock();
$first = $a->lastFence();
check(is_int($first) && $first > 1.5e15, 'microseconds since 1970');
check($b->lastFence() === null, 'the other object took nothing');
check($a->owner()->fence === $first, "the owner's fence");
$a->unlock();
$b->lock();
$second = $b->lastFence();
check($second > $first && $a->lastFence() === $first, 'they grow');
check(!$b->unlockIf($first) && !$b->unlockIf(0) && !$b->unlockIf(-1) && !$b->unlockIf(PHP_INT_MAX), 'not these');
check($b->exists() && $a->unlockIf($second) && !$b->exists(), 'this one');
$hold = $a->hold();
check($a->lastFence() === $hold->fence && $hold->fence > $second, "a Hold's fence counts");
echo "done\n";
?>
--EXPECT--
done
