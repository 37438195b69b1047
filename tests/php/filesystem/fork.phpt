--TEST--
After a fork both sides go on; a Hold stays the parent's
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
require __DIR__ . '/../include/files.inc';
$lock = file_lock('k');
$n = file_integer('n');
$n->increment();
$hold = file_lock('h')->hold();
$lock->lock();
$pids = [];
for ($i = 0; $i < 4; $i++) {
    if (($pid = pcntl_fork()) !== 0) { $pids[] = $pid; continue; }
    for ($j = 0; $j < 50; $j++) $n->increment();
    $ok = !$hold->isValid() && !$hold->release() && $lock->owner()->pid === posix_getppid() && file_lock('h')->owner()->alive === true;
    $lock->wait();
    $mine = file_lock("of-$i");
    $mine->lock();
    exit($ok && $mine->owner()->pid === getmypid() ? 0 : 1);
}
for ($j = 0; $j < 50; $j++) $n->increment();
foreach ($pids as $pid) Child::untilAsleep($pid);
check($hold->isValid() && $lock->unlock(), 'still the parent\'s');
foreach ($pids as $pid) { pcntl_waitpid($pid, $status); check(pcntl_wexitstatus($status) === 0, 'a child'); }
check($n->refresh() === 251, 'all were counted');
for ($i = 0; $i < 4; $i++) check(file_lock("of-$i")->isGhost() && file_lock("of-$i")->unlock(), 'a Lock outlives the child');
check($hold->isValid() && $hold->release(), 'released by the parent');
echo "done\n";
?>
--EXPECT--
done
