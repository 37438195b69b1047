--TEST--
A Hold is freed however its process ends, and its waiters are woken
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$ends = ['normal' => '', 'exit' => 'exit(1);', 'exception' => 'throw new Exception();', 'fatal' => 'undefined_function();',
         'SIGKILL' => 'posix_kill(getmypid(), SIGKILL);', 'SIGTERM' => 'posix_kill(getmypid(), SIGTERM);'];
foreach ($ends as $how => $code) {
    $child = new Child("ini_set('display_errors', '0'); \$hold = space()->getLock('k')->hold(); say('held'); hear(); $code");
    $child->expect('held');
    $lock = space()->getLock('k');
    check($lock->exists() && !$lock->tryLock(), "held: $how");
    $child->send('end');
    $start = hrtime(true);
    check($lock->tryLock(60), "free after $how");
    $took = (hrtime(true) - $start) / 1e9;
    check($took < 30, "$how took $took s");
    $lock->unlock();
    $child->status();
}
echo "done\n";
?>
--EXPECT--
done
