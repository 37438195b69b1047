--TEST--
After pcntl_fork both sides use the same objects
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$s = space(); $i = $s->getInteger('i'); $lock = $s->getLock('k'); $ping = $s->getLock('ping');
$i->increment(); $lock->lock(); $ping->lock();
$pid = pcntl_fork();
if ($pid === 0) {
    check($i->getValue() === 1 && $i->increment() === 2, 'child: the Integer');
    check($lock->exists() && $lock->unlock(), 'child: unlocks its parent\'s Lock');
    $ping->wait();
    $mine = $s->getLock('mine');
    $mine->lock();
    check($mine->owner()->pid === getmypid() && $mine->owner()->alive === true, 'child: its own identity');
    $i->increment();
    posix_kill(getmypid(), SIGKILL);
}
$lock->wait();
check($i->refresh() === 2, 'parent sees it');
$ping->unlock();
pcntl_waitpid($pid, $status);
check($i->refresh() === 3, 'parent goes on');
check($s->getLock('mine')->isGhost() && $s->getLock('mine')->owner()->pid === $pid, 'the child\'s Lock is a ghost');
echo "done\n";
?>
--EXPECT--
done
