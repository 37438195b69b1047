--TEST--
What would leave 64 bits fails and changes nothing
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$i = space()->getInteger('k');
$i->setValue(PHP_INT_MAX);
echo strtok(thrown(function () use ($i) { $i->increment(); }), ':'), "\n";
check($i->refresh() === PHP_INT_MAX && $i->decrement(0) === PHP_INT_MAX, 'unchanged');
$i->setValue(PHP_INT_MIN);
echo strtok(thrown(function () use ($i) { $i->decrement(); }), ':'), "\n";
check($i->getValue() === PHP_INT_MIN && $i->refresh() === PHP_INT_MIN, 'unchanged');
check($i->increment(PHP_INT_MAX) === -1, 'up');
check($i->decrement(PHP_INT_MIN) === PHP_INT_MAX, 'PHP_INT_MIN is exact');
echo strtok(thrown(function () use ($i) { $i->decrement(PHP_INT_MIN); }), ':'), "\n";
$i->delete();
echo strtok(thrown(function () use ($i) { $i->decrement(PHP_INT_MIN); }), ':'), "\n";
check(!$i->exists(), 'an overflow creates nothing');
?>
--EXPECT--
PhpSync\Core\Exceptions\SyncOperationException
PhpSync\Core\Exceptions\SyncOperationException
PhpSync\Core\Exceptions\SyncOperationException
PhpSync\Core\Exceptions\SyncOperationException
