--TEST--
$by is taken alike under strict_types; typed parameters are not
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$strict = "<?php declare(strict_types=1);\n" . <<<'CODE'
    $i = $space->getInteger('k');
    var_dump($i->increment('5'), $i->increment(2.0), $i->increment(true), $i->decrement('1'));
    echo thrown(function () use ($i) { $i->setValue('5'); }), "\n";
    echo thrown(function () use ($i) { $i->setValue(5.0); }), "\n";
    echo thrown(function () use ($i) { $i->compareAndSet(1, '2'); }), "\n";
    echo thrown(function () use ($i) { $i->waitUntilAtLeast(1, '2'); }), "\n";
    var_dump($i->waitUntilAtLeast(1, 2));
    echo thrown(function () use ($space) { $space->getLock(42); }), "\n";
    echo thrown(function () use ($space) { \PhpSync\Generic\Lock::getInstance(42, $space); }), "\n";
    var_dump(\PhpSync\Generic\Integer::getInstance(42, $space)->getKey(), \PhpSync\Generic\Integer::getInstance(1.5, $space)->getKey());
CODE;
$space = \space();
$file = tempnam(sys_get_temp_dir(), 'phpsync');
file_put_contents($file, $strict);
require $file;
unlink($file);
?>
--EXPECT--
int(5)
int(7)
int(8)
int(7)
TypeError: PhpSync\Generic\Integer::setValue(): Argument #1 ($value) must be of type int, string given
TypeError: PhpSync\Generic\Integer::setValue(): Argument #1 ($value) must be of type int, float given
TypeError: PhpSync\Generic\Integer::compareAndSet(): Argument #2 ($new) must be of type int, string given
TypeError: PhpSync\Generic\Integer::waitUntilAtLeast(): Argument #2 ($timeout) must be of type ?float, string given
bool(true)
TypeError: PhpSync\Space::getLock(): Argument #1 ($key) must be of type string, int given
TypeError: PhpSync\Generic\Lock::getInstance(): Argument #1 ($key) must be of type string, int given
string(2) "42"
string(3) "1.5"
