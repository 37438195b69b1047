--TEST--
While a fleet moves over, scripts with the PHP package's way of counting and scripts with the extension count together exactly
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
require __DIR__ . '/../include/files.inc';
use PhpSync\Drivers\FileSystem\FileManager;
/* Counts as scripts without the extension do: read under the file's flock, empty it, write, close. */
const WRITER = '
    $name = (new PhpSync\Drivers\FileSystem\FileManager(root_path()))->getFileName("n", "integers");
    $count = function (int $by) use ($name): int {
        $file = fopen($name, "r+");
        flock($file, LOCK_EX);
        $value = (int) stream_get_contents($file) + $by;
        rewind($file);
        ftruncate($file, 0);
        fwrite($file, (string) $value);
        fclose($file);
        return $value;
    };';
const STEPS = [1, 1, 1, -250, 250, 1, 1000000, -1000000, 1, 1];
$n = file_integer('n');
$n->setValue(90);
for ($round = 0; $round < 2; $round++) {
    $children = [];
    for ($i = 0; $i < 3; $i++) {
        $children[] = file_child(WRITER . '$steps = ' . var_export(STEPS, true) . '; hear(); for ($i = 0; $i < 300; $i++) $count($steps[$i % 10]);');
        $children[] = file_child('$steps = ' . var_export(STEPS, true) . '; $n = file_integer("n"); hear(); for ($i = 0; $i < 300; $i++) $n->increment($steps[$i % 10]);');
    }
    foreach ($children as $child) $child->send('go');
    foreach ($children as $child) check($child->end() === 0, 'ended');
    echo $n->refresh(), "\n";
}
// What each of them leaves, the other reads: with the newlines behind a number that became shorter, too.
$name = (new FileManager(root_path()))->getFileName('n', 'integers');
foreach ([PHP_INT_MAX, 7, -7, PHP_INT_MIN, 0] as $value) {
    $n->setValue($value);
    check((int) file_get_contents($name) === $value, "$value is read");
    file_put_contents($name, (string) $value);
    check(file_integer('n')->getValue() === $value, "$value was written");
}
file_put_contents($name, '');
check($n->increment() === 1, 'an emptied one is 0: that script has it open');
file_put_contents($name, 'no number');
$text = thrown(function () use ($n) { $n->increment(); });
check(strpos($text, 'PhpSync\Core\Exceptions\SyncOperationException: ') === 0 && file_get_contents($name) === 'no number', $text);
// A waiter hears of what the others write.
file_put_contents($name, '5');
$waiter = file_child('$n = file_integer("n"); say("on it"); $n->waitUntilAtLeast(6); say("there");')->expect('on it')->asleep();
check(file_child(WRITER . '$count(1);')->end() === 0, 'counted');
check($waiter->expect('there')->end() === 0, 'woken');
?>
--EXPECT--
1170
2250
