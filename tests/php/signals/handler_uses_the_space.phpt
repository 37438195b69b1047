--TEST--
A handler that runs during a wait may itself use the space and fork
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$lock = space()->getLock('k');
$lock->lock();
$child = new Child('pcntl_async_signals(true);
    pcntl_signal(SIGUSR1, function () {
        $s = space();
        $s->getInteger("n")->increment();
        $s->getLock("inner")->synchronized(function () use ($s) { $s->getInteger("n")->increment(); });
        $pid = pcntl_fork();
        if ($pid === 0) { $s->getInteger("n")->increment(); posix_kill(getmypid(), SIGKILL); }
        pcntl_waitpid($pid, $status);
        say((string) $s->getInteger("n")->refresh());
    });
    say("blocking"); space()->getLock("k")->lock(); say("locked"); hear();');
$child->expect('blocking')->asleep()->signal(SIGUSR1)->expect('3')->asleep();
$lock->unlock();
$child->expect('locked')->send('');
echo $child->end(), "\n";
?>
--EXPECT--
0
