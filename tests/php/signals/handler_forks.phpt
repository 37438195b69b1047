--TEST--
A handler forks in the middle of a wait: both sides go on waiting, and what each takes is its own
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$lock = space()->getLock('k');
foreach (['$lock->lock();', '$hold = $lock->hold();', '$lock->tryLock(600);', '$lock->synchronized($check);', 'space()->lock("k");'] as $call) {
    $lock->lock();
    $child = new Child('pcntl_async_signals(true);
        pcntl_signal(SIGUSR1, function () { say(pcntl_fork() === 0 ? "child" : "parent"); });
        $lock = space()->getLock("k");
        $check = function () use ($lock) { say($lock->owner()->pid === getmypid() && $lock->owner()->alive ? "its own" : "somebody\'s"); };
        say("blocking"); ' . $call . (strpos($call, 'synchronized') ? '' : '$check(); isset($hold) ? $hold->release() : $lock->unlock();'));
    $child->expect('blocking')->asleep()->signal(SIGUSR1);
    $sides = [$child->line(), $child->line()];
    sort($sides);
    check($sides === ['child', 'parent'], implode(' ', $sides));
    $lock->unlock();
    $child->expect('its own')->expect('its own');
    check($child->end() === 0 && !$lock->exists(), $call);
}
echo "done\n";
?>
--EXPECT--
done
