--TEST--
A Hold is freed when its object dies
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$lock = space()->getLock('k');
$hold = $lock->hold();
$copy = $hold;
unset($hold);
check($lock->exists(), 'a copy is left');
$copy = null;
check(!$lock->exists(), 'freed');
(function () use ($lock) { $local = $lock->hold(); check($lock->exists(), 'held'); })();
check(!$lock->exists(), 'freed at the end of its scope');
$lock->hold();
check(!$lock->exists(), 'freed if nobody keeps it');
$cycle = new stdClass; $cycle->self = $cycle; $cycle->hold = $lock->hold();
unset($cycle);
check($lock->exists(), 'a cycle is left');
gc_collect_cycles();
check(!$lock->exists(), 'freed by the collector');
echo "done\n";
?>
--EXPECT--
done
