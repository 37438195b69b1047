--TEST--
An exception in a destructor leaves a usable space
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
class D { public $hold; function __destruct() { space()->getInteger('n')->increment(); throw new Exception('from a destructor'); } }
$d = new D; $d->hold = space()->getLock('k')->hold();
echo thrown(function () use (&$d) { $d = null; }), "\n";
var_dump(space()->getLock('k')->exists(), space()->getInteger('n')->refresh());
?>
--EXPECT--
Exception: from a destructor
bool(false)
int(1)
