--TEST--
lock() takes, exists() tells, unlock() frees once
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$lock = space()->getLock('a');
check(!$lock->exists(), 'a fresh Lock does not exist');
var_dump($lock->lock());
check($lock->exists(), 'it exists');
check($lock->getKey() === 'a', 'the key');
var_dump($lock->unlock(), $lock->unlock(), $lock->exists(), $lock->wait());
?>
--EXPECT--
NULL
bool(true)
bool(false)
bool(false)
NULL
