--TEST--
Locks and Integers cannot be cloned, serialized, unserialized or made
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
foreach ([space()->getLock('k'), space()->getInteger('k')] as $object) {
    echo thrown(function () use ($object) { clone $object; }), "\n";
    echo thrown(function () use ($object) { serialize([$object]); }), "\n";
    $class = get_class($object);
    echo thrown(function () use ($class) { new $class; }), "\n";
    foreach (['O', 'C'] as $kind) echo thrown(function () use ($class, $kind) { unserialize($kind . ':' . strlen($class) . ":\"$class\":0:{}"); }), "\n";
}
class MyLock extends PhpSync\Generic\Lock { function __serialize(): array { return []; } function __clone() {} }
$made = (new ReflectionClass('MyLock'))->newInstanceWithoutConstructor();
$s = space();
check($s->getLock('a') != $s->getLock('b') && $s->getInteger('a') != $s->getInteger('b') && $s->getLock('a')->hold() != $s->getLock('b')->hold(), 'two are not equal');
check($s->getLock('a') == $s->getLock('a') && $s == $s && space() != PhpSync\Space::open(str_replace('test', 'other', space_dsn())), 'one is equal to itself');
// PHP 7.4 asks __serialize before it asks whether the class may be serialized.
if (PHP_VERSION_ID >= 80100) check(thrown(function () use ($made) { serialize($made); }) === "Exception: Serialization of 'MyLock' is not allowed", 'a subclass');
echo thrown(function () use ($made) { clone $made; }), "\n";
?>
--EXPECT--
Error: Trying to clone an uncloneable object of class PhpSync\Generic\Lock
Exception: Serialization of 'PhpSync\Generic\Lock' is not allowed
Error: Call to private PhpSync\Generic\Lock::__construct() from global scope
Exception: Unserialization of 'PhpSync\Generic\Lock' is not allowed
Exception: Unserialization of 'PhpSync\Generic\Lock' is not allowed
Error: Trying to clone an uncloneable object of class PhpSync\Generic\Integer
Exception: Serialization of 'PhpSync\Generic\Integer' is not allowed
Error: Call to private PhpSync\Generic\Integer::__construct() from global scope
Exception: Unserialization of 'PhpSync\Generic\Integer' is not allowed
Exception: Unserialization of 'PhpSync\Generic\Integer' is not allowed
Error: Trying to clone an uncloneable object of class MyLock
