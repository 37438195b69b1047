--TEST--
waitUntilAtLeast(), waitUntilAtMost(), waitForChange() are woken by another process
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$i = space()->getInteger('k');
check(!$i->waitUntilAtLeast(0, 0.02) && !$i->waitUntilAtMost(0, 0.02), 'a missing Integer is not there yet');
check(!$i->waitForChange(0.02), 'no change');
$child = new Child('$i = space()->getInteger("k"); while (($line = hear()) !== "") { eval($line); say("done"); }');
$do = function (string $code) use ($child) { $child->send($code); };
foreach ([
    ['$i->setValue(5);', function () use ($i) { return $i->waitForChange(100); }, 5],
    ['usleep(50000); $i->increment(5);', function () use ($i) { return $i->waitUntilAtLeast(10, 100); }, 10],
    ['usleep(50000); $i->decrement(10);', function () use ($i) { return $i->waitUntilAtMost(0); }, 0],
    ['usleep(50000); $i->delete();', function () use ($i) { return $i->waitForChange(); }, 0],
    ['usleep(50000); $i->setValue(0);', function () use ($i) { return $i->waitForChange(100); }, 0],
] as [$code, $wait, $value]) {
    $do($code);
    check($wait() === true && $i->getValue() === $value, $code);
    $child->expect('done');
}
check($i->waitUntilAtLeast(-5) && $i->waitUntilAtMost(5) && !$i->waitUntilAtLeast(1, 0) && !$i->waitUntilAtMost(-1, 0.01), 'at once');
$child->send('');
echo $child->end(), "\n";
?>
--EXPECT--
0
