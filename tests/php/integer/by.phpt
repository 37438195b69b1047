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
// A numeric string is taken as the number that it says, not as the float next to it.
foreach (['9223372036854775807' => PHP_INT_MAX, '-9223372036854775808' => PHP_INT_MIN, '-00009223372036854775808' => PHP_INT_MIN, '9223372036854775807.000' => PHP_INT_MAX,
    '-9223372036854775808.0' => PHP_INT_MIN, '9007199254740993.0' => 9007199254740993, '900719925474099.3e1' => 9007199254740993, '90071992547409930e-1' => 9007199254740993, '9223372036854775807e0' => PHP_INT_MAX,
    '+1' => 1, '0012' => 12, " \t\n7" => 7, '-0' => 0, '-0.0' => 0, '.0' => 0, '3.' => 3, '0e99999999999999999999' => 0, '0e-99999999999999999999' => 0, '1E+2' => 100, '+5.0e+0' => 5] as $text => $number) {
    $i->setValue(0);
    check($i->increment((string) $text) === $number, "'$text' is $number");
}
$i->setValue(3);
foreach (['9223372036854775808', '-9223372036854775809', '-9223372036854775809.0', '-9223372036854775808.5', '9223372036854775807.5', '9223372036854775807e1', '922337203685477580.8e1', '-922337203685477580.9e1',
    '99999999999999999999999', '1e19', '1e99999999999999999999', '-1e99999999999999999999', '1e-99999999999999999999', '1e-1', '0.1e-1', '0x1', '0b1', '0o7', '1_000', '--1', '+-1', '- 1', '1 2', '.', '1e', 'e1', '1,0', '-', '+', ' ',
    (float) PHP_INT_MAX, 9223372036854775808.0, -9223372036854777856.0, -INF, 0.1, -0.5] as $by) {
    foreach (['increment', 'decrement'] as $method) {
        $thrown = thrown(function () use ($i, $by, $method) { $i->$method($by); });
        check(strpos($thrown, 'SyncOperationException: ') !== false && substr($thrown, -12) === '<- TypeError', "$method of " . var_export($by, true) . ": $thrown");
    }
    $thrown = thrown(function () use ($i, $by) { $i->setValue($by); });
    check(strpos($thrown, 'TypeError: ') === 0, 'setValue of ' . var_export($by, true) . ": $thrown");
}
check($i->refresh() === 3, 'nothing was changed');
check($i->increment(-9223372036854774784.0) === 3 - 9223372036854774784 && $i->delete() === null && $i->increment(-9223372036854775808.0) === PHP_INT_MIN, 'floats at the edge');
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
