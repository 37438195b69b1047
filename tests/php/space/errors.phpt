--TEST--
A wrong DSN is a SyncOperationException that names what is wrong
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
foreach (['', 'nonsense', 'foo://x', 'shm://', 'shm://a/b', 'shm://a?colour=red', 'shm://a?size=x', 'shm://a?timeout=-1', "shm://a\0b", 'shm://' . str_repeat('x', 65), 'shm://a?path=/nonexistent/folder', 'shm://a?mode=9'] as $dsn) {
    $text = thrown(function () use ($dsn) { PhpSync\Space::open($dsn); });
    check(strpos($text, 'PhpSync\Core\Exceptions\SyncOperationException: ') === 0 && strpos($text, "\n") === false, "$dsn: $text");
}
foreach ([[], new stdClass] as $bad) echo thrown(function () use ($bad) { PhpSync\Space::open($bad); }), "\n";
echo thrown(function () { new PhpSync\Space; }), "\n";
echo thrown(function () { clone space(); }), "\n";
echo thrown(function () { serialize(space()); }), "\n";
echo thrown(function () { space()->x = 1; }), "\n";
echo thrown(function () { (new ReflectionClass('PhpSync\Space'))->newInstanceWithoutConstructor(); }), "\n";
?>
--EXPECT--
TypeError: PhpSync\Space::open(): Argument #1 ($dsn) must be of type ?string, array given
TypeError: PhpSync\Space::open(): Argument #1 ($dsn) must be of type ?string, stdClass given
Error: Call to private PhpSync\Space::__construct() from global scope
Error: Trying to clone an uncloneable object of class PhpSync\Space
Exception: Serialization of 'PhpSync\Space' is not allowed
Error: Cannot create dynamic property PhpSync\Space::$x
ReflectionException: Class PhpSync\Space is an internal class marked as final that cannot be instantiated without invoking its constructor
