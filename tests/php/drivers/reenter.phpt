--TEST--
A driver may use the very objects that call it, and drop them
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
require __DIR__ . '/../include/driver.inc';

use PhpSync\Generic\{Lock, Integer, SingletonManager};
$d = new Driver;
$lock = Lock::getInstance('k', $d);
$d->before = function ($method) use ($lock, $d) { if ($method === 'lock') { $d->before = null; check($lock->exists() === false, 'inside'); $lock->lock(); check($lock->unlock(), 'inside'); } };
$lock->lock();
check($lock->exists(), 'locked');
$d->before = function ($method, $key) use ($d, &$inner) { if ($method === 'hasValue') { $d->before = null; $inner = Integer::getInstance($key, $d); } };
$outer = Integer::getInstance('same', $d);
check($outer === $inner && Integer::getInstance('same', $d) === $outer, 'one object, also when asked for while it is made');
$m = new SingletonManager;
$holder = new stdClass;
$holder->lock = Lock::getInstance('own', $d, $m);
$d->before = function () use ($holder, $m) { $holder->lock = null; $m->remove('own', Lock::class); gc_collect_cycles(); };
$holder->lock->lock();
check($holder->lock === null, 'dropped in the call');
$d->before = null;
class Cyclic extends Driver { public $lock; public static $gone = 0; function __destruct() { self::$gone++; } }
$c = new Cyclic; $c->lock = Lock::getInstance('c', $c, new SingletonManager); $c->values = [Integer::getInstance('c', $c, new SingletonManager)];
unset($c);
gc_collect_cycles();
var_dump(Cyclic::$gone);
?>
--EXPECT--
int(1)
