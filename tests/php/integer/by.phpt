--TEST--
$by: ints, bools, integral floats and numeric strings; all else is a SyncOperationException over a TypeError
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$i = space()->getInteger('k');
$good = [1, true, false, 2.0, -3.0, '4', '-5', '1e3', ' 6', '7.0', 9007199254740992.0, '9007199254740993'];
foreach ($good as $by) {
    $i->setValue(0);
    var_dump($i->increment($by));
    $i->setValue(0);
    check($i->decrement($by) === -(int) $by, 'decrement');
}
$i->setValue(3);
foreach ([1.5, '1.5', 'x', '', null, [], new stdClass, NAN, INF, 1e30, '1e30', '9223372036854775808', 9.3e18, '5x', "5\0", fopen('php://memory', 'r')] as $by) {
    $a = thrown(function () use ($i, $by) { $i->increment($by); });
    $b = thrown(function () use ($i, $by) { $i->decrement($by); });
    check(str_replace('decrement', 'increment', $b) === $a, 'alike');
    echo $a, "\n";
}
check($i->refresh() === 3, 'nothing was changed');
?>
--EXPECT--
int(1)
int(1)
int(0)
int(2)
int(-3)
int(4)
int(-5)
int(1000)
int(6)
int(7)
int(9007199254740992)
int(9007199254740993)
PhpSync\Core\Exceptions\SyncOperationException: PhpSync\Generic\Integer::increment(): Argument #1 ($by) must be of type int, float given <- TypeError
PhpSync\Core\Exceptions\SyncOperationException: PhpSync\Generic\Integer::increment(): Argument #1 ($by) must be of type int, string given <- TypeError
PhpSync\Core\Exceptions\SyncOperationException: PhpSync\Generic\Integer::increment(): Argument #1 ($by) must be of type int, string given <- TypeError
PhpSync\Core\Exceptions\SyncOperationException: PhpSync\Generic\Integer::increment(): Argument #1 ($by) must be of type int, string given <- TypeError
PhpSync\Core\Exceptions\SyncOperationException: PhpSync\Generic\Integer::increment(): Argument #1 ($by) must be of type int, null given <- TypeError
PhpSync\Core\Exceptions\SyncOperationException: PhpSync\Generic\Integer::increment(): Argument #1 ($by) must be of type int, array given <- TypeError
PhpSync\Core\Exceptions\SyncOperationException: PhpSync\Generic\Integer::increment(): Argument #1 ($by) must be of type int, stdClass given <- TypeError
PhpSync\Core\Exceptions\SyncOperationException: PhpSync\Generic\Integer::increment(): Argument #1 ($by) must be of type int, float given <- TypeError
PhpSync\Core\Exceptions\SyncOperationException: PhpSync\Generic\Integer::increment(): Argument #1 ($by) must be of type int, float given <- TypeError
PhpSync\Core\Exceptions\SyncOperationException: PhpSync\Generic\Integer::increment(): Argument #1 ($by) must be of type int, float given <- TypeError
PhpSync\Core\Exceptions\SyncOperationException: PhpSync\Generic\Integer::increment(): Argument #1 ($by) must be of type int, string given <- TypeError
PhpSync\Core\Exceptions\SyncOperationException: PhpSync\Generic\Integer::increment(): Argument #1 ($by) must be of type int, string given <- TypeError
PhpSync\Core\Exceptions\SyncOperationException: PhpSync\Generic\Integer::increment(): Argument #1 ($by) must be of type int, float given <- TypeError
PhpSync\Core\Exceptions\SyncOperationException: PhpSync\Generic\Integer::increment(): Argument #1 ($by) must be of type int, string given <- TypeError
PhpSync\Core\Exceptions\SyncOperationException: PhpSync\Generic\Integer::increment(): Argument #1 ($by) must be of type int, string given <- TypeError
PhpSync\Core\Exceptions\SyncOperationException: PhpSync\Generic\Integer::increment(): Argument #1 ($by) must be of type int, resource given <- TypeError
