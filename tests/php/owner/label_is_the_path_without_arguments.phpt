--TEST--
The label of an acquisition is the script's path, never its arguments
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$file = tempnam(sys_get_temp_dir(), 'phpsync') . '.php';
file_put_contents($file, '<?php require ' . var_export(realpath(__DIR__ . '/../include/testing.inc'), true) . '; space()->getLock("k")->lock(); say("locked"); hear();');
$child = new Child($file, ['--password=secret'], [], true);
$child->expect('locked');
$owner = space()->getLock('k')->owner();
check($owner->label === $file, $owner->label);
check($owner->alive === true && $owner->pid === $child->pid, 'alive');
check($child->send('end')->end() === 0, 'exit');
unlink($file);
space()->getLock('k')->unlock();
$child = (new Child('space()->getLock("k")->lock(); say("locked");', ['--password=secret']))->expect('locked');
check($child->end() === 0, 'exit');
check(space()->getLock('k')->owner()->label === realpath(PHP_BINARY), 'code in no file: ' . space()->getLock('k')->owner()->label);
echo "done\n";
?>
--EXPECT--
done
