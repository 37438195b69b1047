--TEST--
Of many unlock() calls on one acquisition exactly one gets true
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$children = [];
for ($i = 0; $i < 6; $i++) {
    $children[] = new Child('$space = space(); $won = 0;
        for ($n = 0; $n < 50; $n++) { $lock = $space->getLock("k$n"); if ($n === 0) hear(); $won += $lock->unlock() ? 1 : 0; }
        say((string) $won);');
}
for ($n = 0; $n < 50; $n++) space()->getLock("k$n")->lock();
foreach ($children as $child) $child->send('go');
$sum = 0;
foreach ($children as $child) $sum += (int) $child->line();
echo $sum, "\n";
?>
--EXPECT--
50
