--TEST--
A driver written in PHP works as with the old packages
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
require __DIR__ . '/../include/driver.inc';

use PhpSync\Generic\{Lock, Integer, SingletonManager};
$d = new Driver;
$d->values['old'] = 12;
$lock = Lock::getInstance('k', $d);
var_dump($lock->lock(), $lock->exists(), $lock->unlock(), $lock->unlock(), $lock->wait(), $lock->getKey());
$i = Integer::getInstance('k', $d);
var_dump($i->getValue(), $i->setValue(5), $i->getValue(), $i->increment(), $i->increment('4'), $i->decrement(3.0), $i->refresh(), $i->exists(), $i->delete(), $i->getValue(), $i->exists());
var_dump(Integer::getInstance('old', $d)->getValue());
check(Lock::getInstance('k', new Driver) === $lock, 'in the default manager an entry is class and key alone');
check(Lock::getInstance('k', new Driver, new SingletonManager) !== $lock, 'another manager');
var_dump(Lock::getInstance('', $d)->getKey(), strlen(Integer::getInstance(str_repeat('x', 5000), $d)->getKey()));
echo implode("\n", array_slice($d->log, 0, 14)), "\n";
?>
--EXPECT--
NULL
bool(true)
bool(true)
bool(false)
string(6) "waited"
string(1) "k"
int(0)
NULL
int(5)
int(6)
int(10)
int(7)
int(7)
bool(true)
NULL
int(7)
bool(false)
int(12)
string(0) ""
int(5000)
lock["k"]
exists["k"]
unlock["k"]
unlock["k"]
wait["k"]
hasValue["k"]
setValue["k",5]
increment["k",1]
increment["k",4]
increment["k",-3]
getValue["k"]
hasValue["k"]
delete["k"]
hasValue["k"]
