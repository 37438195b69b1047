--TEST--
What a driver throws is wrapped, or passes, as the contract says
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
require __DIR__ . '/../include/driver.inc';

use PhpSync\Generic\{Lock, Integer, SingletonManager};
use PhpSync\Core\Exceptions\IntegerDoesNotExistException;
$d = new Driver;
$lock = Lock::getInstance('k', $d, new SingletonManager);
$i = Integer::getInstance('k', $d, new SingletonManager);
$i->setValue(3);
$makers = [
    function () { return new RuntimeException("own", 5); },
    function () { return new TypeError("type"); },
    function () { return new IntegerDoesNotExistException("absent"); },
    function () { return new PhpSync\Core\Exceptions\LockTimeoutException("sync"); },
];
foreach ($makers as $make) {
    $d->before = function () use (&$thrown, $make) { throw $thrown = $make(); };
    foreach (['lock', 'unlock', 'wait', 'exists'] as $m) echo $m, ': ', thrown(function () use ($lock, $m) { $lock->$m(); }), "\n";
    foreach (['setValue', 'increment', 'decrement', 'refresh', 'delete', 'exists'] as $m) {
        echo $m, ': ', thrown(function () use ($i, $m) { in_array($m, ['refresh', 'delete', 'exists']) ? $i->$m() : $i->$m(1); } ), "\n";
    }
    try { $lock->lock(); } catch (Exception $e) { check($e->getPrevious() === $thrown && $e->getCode() === 0, 'the very exception behind'); }
    echo 'hasValue: ', thrown(function () use ($d) { Integer::getInstance('k', $d, new SingletonManager); }), "\n";
    $d->before = function ($method) use ($make) { if ($method === 'getValue') throw $make(); };
    echo 'load: ', thrown(function () use ($d) { echo Integer::getInstance('k', $d, new SingletonManager)->getValue(), ' '; }), "\n";
}
check($i->getValue() === 3, 'the KNOWN VALUE stays');
$d->before = null;
var_dump($i->refresh());
?>
--EXPECT--
lock: PhpSync\Core\Exceptions\SyncOperationException: own <- RuntimeException
unlock: PhpSync\Core\Exceptions\SyncOperationException: own <- RuntimeException
wait: RuntimeException: own
exists: RuntimeException: own
setValue: PhpSync\Core\Exceptions\SyncOperationException: own <- RuntimeException
increment: PhpSync\Core\Exceptions\SyncOperationException: own <- RuntimeException
decrement: PhpSync\Core\Exceptions\SyncOperationException: own <- RuntimeException
refresh: PhpSync\Core\Exceptions\SyncOperationException: own <- RuntimeException
delete: PhpSync\Core\Exceptions\SyncOperationException: own <- RuntimeException
exists: RuntimeException: own
hasValue: RuntimeException: own
load: PhpSync\Core\Exceptions\SyncOperationException: own <- RuntimeException
lock: PhpSync\Core\Exceptions\SyncOperationException: type <- TypeError
unlock: PhpSync\Core\Exceptions\SyncOperationException: type <- TypeError
wait: TypeError: type
exists: TypeError: type
setValue: PhpSync\Core\Exceptions\SyncOperationException: type <- TypeError
increment: PhpSync\Core\Exceptions\SyncOperationException: type <- TypeError
decrement: PhpSync\Core\Exceptions\SyncOperationException: type <- TypeError
refresh: PhpSync\Core\Exceptions\SyncOperationException: type <- TypeError
delete: PhpSync\Core\Exceptions\SyncOperationException: type <- TypeError
exists: TypeError: type
hasValue: TypeError: type
load: PhpSync\Core\Exceptions\SyncOperationException: type <- TypeError
lock: PhpSync\Core\Exceptions\SyncOperationException: absent <- PhpSync\Core\Exceptions\IntegerDoesNotExistException
unlock: PhpSync\Core\Exceptions\SyncOperationException: absent <- PhpSync\Core\Exceptions\IntegerDoesNotExistException
wait: PhpSync\Core\Exceptions\IntegerDoesNotExistException: absent
exists: PhpSync\Core\Exceptions\IntegerDoesNotExistException: absent
setValue: PhpSync\Core\Exceptions\SyncOperationException: absent <- PhpSync\Core\Exceptions\IntegerDoesNotExistException
increment: PhpSync\Core\Exceptions\SyncOperationException: absent <- PhpSync\Core\Exceptions\IntegerDoesNotExistException
decrement: PhpSync\Core\Exceptions\SyncOperationException: absent <- PhpSync\Core\Exceptions\IntegerDoesNotExistException
refresh: PhpSync\Core\Exceptions\IntegerDoesNotExistException: absent
delete: PhpSync\Core\Exceptions\SyncOperationException: absent <- PhpSync\Core\Exceptions\IntegerDoesNotExistException
exists: PhpSync\Core\Exceptions\IntegerDoesNotExistException: absent
hasValue: PhpSync\Core\Exceptions\IntegerDoesNotExistException: absent
load: 0 nothing
lock: PhpSync\Core\Exceptions\SyncOperationException: sync <- PhpSync\Core\Exceptions\LockTimeoutException
unlock: PhpSync\Core\Exceptions\SyncOperationException: sync <- PhpSync\Core\Exceptions\LockTimeoutException
wait: PhpSync\Core\Exceptions\LockTimeoutException: sync
exists: PhpSync\Core\Exceptions\LockTimeoutException: sync
setValue: PhpSync\Core\Exceptions\SyncOperationException: sync <- PhpSync\Core\Exceptions\LockTimeoutException
increment: PhpSync\Core\Exceptions\SyncOperationException: sync <- PhpSync\Core\Exceptions\LockTimeoutException
decrement: PhpSync\Core\Exceptions\SyncOperationException: sync <- PhpSync\Core\Exceptions\LockTimeoutException
refresh: PhpSync\Core\Exceptions\SyncOperationException: sync <- PhpSync\Core\Exceptions\LockTimeoutException
delete: PhpSync\Core\Exceptions\SyncOperationException: sync <- PhpSync\Core\Exceptions\LockTimeoutException
exists: PhpSync\Core\Exceptions\LockTimeoutException: sync
hasValue: PhpSync\Core\Exceptions\LockTimeoutException: sync
load: PhpSync\Core\Exceptions\SyncOperationException: sync <- PhpSync\Core\Exceptions\LockTimeoutException
int(3)
