--TEST--
An object made around getInstance throws when used and never crashes
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
class PublicLock extends PhpSync\Generic\Lock { public function __construct() {} }
class PublicInteger extends PhpSync\Generic\Integer { public function __construct() {} }
$arguments = ['synchronized' => ['strlen'], 'unlockIf' => [1], 'setValue' => [1], 'compareAndSet' => [1, 2], 'waitUntilAtLeast' => [1], 'waitUntilAtMost' => [1]];
foreach (['PhpSync\Generic\Lock', 'PhpSync\Generic\Integer', 'PublicLock', 'PublicInteger'] as $class) {
    $object = strpos($class, 'Public') === 0 ? new $class : (new ReflectionClass($class))->newInstanceWithoutConstructor();
    foreach ((new ReflectionClass($class))->getMethods() as $method) {
        if ($method->isStatic() || $method->isConstructor() || $method->name === '__unserialize') continue; // the last is PHP 7.4's
        $text = thrown(function () use ($object, $method, $arguments) { $object->{$method->name}(...($arguments[$method->name] ?? [])); });
        check($text === "Error: This $class object was not made by getInstance() and cannot be used", "$class::{$method->name}: $text");
    }
    ob_start(); var_dump($object); $object == $object; gc_collect_cycles(); ob_end_clean();
}
class MockLock extends PhpSync\Generic\Lock { public function __construct() {} public function lock() { return 'mocked'; } }
echo (new MockLock)->lock(), "\n";
?>
--EXPECT--
mocked
