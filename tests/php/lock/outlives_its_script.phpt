--TEST--
A Lock stays when the script that took it has ended, in whatever way
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
foreach (['', 'exit(3);', 'throw new Exception("x");', 'posix_kill(getmypid(), SIGKILL);', 'undefined_function();'] as $i => $end) {
    $child = new Child("ini_set('display_errors', '0'); space()->getLock('k$i')->lock(); say('locked'); $end");
    $child->expect('locked');
    $child->status();
    $lock = space()->getLock("k$i");
    check($lock->exists(), "it exists after '$end'");
    check($lock->isGhost(), "it is a ghost after '$end'");
    check($lock->owner()->alive === false && $lock->owner()->pid === $child->pid, 'its owner');
    check(!$lock->tryLock(), 'nobody frees it unasked');
    check($lock->unlock() && !$lock->unlock(), 'unlock() frees a ghost');
    check($lock->tryLock(), 'then it is free');
}
echo "done\n";
?>
--EXPECT--
done
