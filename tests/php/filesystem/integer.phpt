--TEST--
Eight processes that create folders and Integer at once count exactly; each result is one caller's alone
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
require __DIR__ . '/../include/files.inc';
use PhpSync\Drivers\FileSystem\{FileManager, FileSystemIntegerSyncDriver};
$driver = new FileSystemIntegerSyncDriver(new FileManager(root_path()));
for ($round = 0; $round < 3; $round++) {
    $children = [];
    for ($n = 0; $n < 8; $n++) {
        $children[] = file_child('
            $n = file_integer("n"); $driver = new PhpSync\Drivers\FileSystem\FileSystemIntegerSyncDriver(new PhpSync\Drivers\FileSystem\FileManager(root_path()));
            say("ready"); hear();
            $seen = [];
            for ($i = 0; $i < 50; $i++) $seen[] = $i % 2 ? $n->increment() : $driver->increment("n", 1);
            say(implode(" ", $seen));');
    }
    foreach ($children as $child) $child->expect('ready');
    foreach ($children as $child) $child->send('go');
    $seen = [];
    foreach ($children as $child) $seen = array_merge($seen, array_map('intval', explode(' ', $child->line())));
    foreach ($children as $child) check($child->end() === 0, 'ended');
    sort($seen);
    check($seen === range(1, 400), 'each of 1 to 400 exactly once');
    check($driver->getValue('n') === 400, 'the value');
    remove(root_path());
}
$n = file_integer('m');
check($driver->setValue('m', PHP_INT_MAX) === PHP_INT_MAX && $n->refresh() === PHP_INT_MAX, 'large');
check(strpos(thrown(function () use ($n) { $n->increment(); }), 'PhpSync\Core\Exceptions\SyncOperationException') === 0, 'overflow');
check(strpos(thrown(function () use ($driver) { $driver->increment('m', 1); }), 'PhpSync\Core\Exceptions\SyncOperationException') === 0, 'overflow of the driver');
check($n->refresh() === PHP_INT_MAX && $n->decrement(PHP_INT_MAX) === 0 && $n->decrement(PHP_INT_MAX) === -PHP_INT_MAX && $n->decrement() === PHP_INT_MIN, 'small');
$n->delete();
check($n->getValue() === PHP_INT_MIN && !$driver->hasValue('m') && $n->increment() === 1, 'anew');
$n->setValue(0);
check($n->decrement(PHP_INT_MIN + 1) === PHP_INT_MAX && $driver->hasValue('m'), 'exact');
echo "done\n";
?>
--EXPECT--
done
