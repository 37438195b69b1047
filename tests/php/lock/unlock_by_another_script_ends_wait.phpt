--TEST--
unlock() in one script ends wait() in another, and both had ended scripts before them
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$locker = new Child("space()->getLock('pause')->lock();");
check($locker->end() === 0, 'the locking script ended');
$workers = [];
for ($i = 0; $i < 4; $i++) {
    $workers[] = $worker = new Child("say('waiting'); space()->getLock('pause')->wait(); say('on'); hear();");
    $worker->expect('waiting')->asleep();
}
$unlocker = new Child("say(var_export(space()->getLock('pause')->unlock(), true));");
$unlocker->expect('true');
foreach ($workers as $worker) {
    $worker->expect('on')->send('end');
    check($worker->end() === 0, 'the worker ended');
}
check(!space()->getLock('pause')->exists(), 'wait() takes nothing');
echo "done\n";
?>
--EXPECT--
done
