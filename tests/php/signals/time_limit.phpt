--TEST--
When the timer of PHP's own time limit fires, the wait ends with its fatal error
--SKIPIF--
<?php if (PHP_ZTS && PHP_VERSION_ID >= 80300) echo 'skip the timer is no SIGPROF here'; ?>
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$lock = space()->getLock('k');
foreach (['$lock->wait();', '$lock->lock();', '$lock->hold();', 'space()->getInteger("i")->waitForChange();'] as $call) {
    $lock->tryLock();
    $child = new Child('ini_set("display_errors", "0"); set_time_limit(1000); $lock = space()->getLock("k");
        register_shutdown_function(function () { say(strtok(error_get_last()["message"], "0123456789")); space()->getLock("k")->unlock(); });
        say("blocking"); ' . $call . ' say("no");');
    $child->expect('blocking')->asleep()->signal(SIGPROF)->expect('Maximum execution time of ');
    check($child->end() === 255 && !$lock->exists(), $call);
}
echo "done\n";
?>
--EXPECT--
done
