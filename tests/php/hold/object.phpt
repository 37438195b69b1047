--TEST--
A Hold is final, readonly, cannot be cloned, serialized or made by hand
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$hold = space()->getLock("a\0b")->hold();
check($hold->key === "a\0b", 'binary key');
foreach (['key', 'fence', 'expiresAt', 'other'] as $name) echo thrown(function () use ($hold, $name) { $hold->$name = 1; }), "\n";
echo str_replace('indirectly ', '', thrown(function () use ($hold) { $r = &$hold->fence; })), "\n";
echo thrown(function () use ($hold) { clone $hold; }), "\n";
echo thrown(function () use ($hold) { serialize($hold); }), "\n";
echo thrown(function () { unserialize('O:12:"PhpSync\Hold":0:{}'); }), "\n";
echo thrown(function () { new PhpSync\Hold; }), "\n";
echo thrown(function () { (new ReflectionClass('PhpSync\Hold'))->newInstanceWithoutConstructor(); }), "\n";
?>
--EXPECT--
Error: Cannot modify readonly property PhpSync\Hold::$key
Error: Cannot modify readonly property PhpSync\Hold::$fence
Error: Cannot modify readonly property PhpSync\Hold::$expiresAt
Error: Cannot create dynamic property PhpSync\Hold::$other
Error: Cannot modify readonly property PhpSync\Hold::$fence
Error: Trying to clone an uncloneable object of class PhpSync\Hold
Exception: Serialization of 'PhpSync\Hold' is not allowed
Exception: Unserialization of 'PhpSync\Hold' is not allowed
Error: Call to private PhpSync\Hold::__construct() from global scope
ReflectionException: Class PhpSync\Hold is an internal class marked as final that cannot be instantiated without invoking its constructor
