--TEST--
8 processes that increment one missing Integer get each number once
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$children = [];
for ($n = 0; $n < 8; $n++) {
    $children[] = new Child('hear(); $i = space()->getInteger("fresh"); $got = [];
        for ($n = 0; $n < 5000; $n++) $got[] = $i->increment();
        say(implode(",", $got));');
}
foreach ($children as $child) $child->send('go');
$seen = [];
foreach ($children as $child) {
    $mine = array_map('intval', explode(',', $child->line()));
    $sorted = $mine;
    sort($sorted);
    check($mine === $sorted, 'one process sees them grow');
    array_push($seen, ...$mine);
}
sort($seen);
check($seen === range(1, 40000), 'each of 1..40000 once');
var_dump(space()->getInteger('fresh')->getValue());
?>
--EXPECT--
int(40000)
