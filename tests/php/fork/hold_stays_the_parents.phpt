--TEST--
A forked child never releases, renews or owns its parent's Hold
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$lock = space()->getLock('k');
$hold = $lock->hold();
$leased = space()->getLock('leased')->hold(null, 3600);
for ($way = 0; $way < 4; $way++) {
    $pid = pcntl_fork();
    if ($pid === 0) {
        if ($way === 0) { check(!$hold->isValid() && !$hold->release(), 'not the child\'s'); check(strpos(thrown(function () use ($leased) { $leased->renew(1); }), 'LeaseLost') > 0, 'no renewal'); }
        if ($way === 1) { $hold = null; $leased = null; gc_collect_cycles(); }
        if ($way === 2) { check(!$lock->tryLock(), 'the parent has it'); }
        exit(0);
    }
    pcntl_waitpid($pid, $status);
    check(pcntl_wexitstatus($status) === 0, "child $way");
    check($hold->isValid() && $leased->isValid() && $lock->exists() && $lock->owner()->alive === true, "after child $way");
}
$pid = pcntl_fork();
if ($pid === 0) { $own = space()->getLock('own')->hold(); usleep(1); exit(0); }
pcntl_waitpid($pid, $status);
check(!space()->getLock('own')->exists(), "a child's own Hold ends with it");
check($hold->release() && $leased->release() && !$lock->exists(), 'release');
echo "done\n";
?>
--EXPECT--
done
