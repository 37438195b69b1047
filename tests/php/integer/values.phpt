--TEST--
The KNOWN and the ACTUAL VALUE follow the rules
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
use PhpSync\Generic\{Integer, SingletonManager};
$a = Integer::getInstance('k', space(), new SingletonManager);
$b = Integer::getInstance('k', space(), new SingletonManager);
check($a->getValue() === 0 && !$a->exists() && $a->getKey() === 'k', 'fresh');
check($a->setValue(10) === null && $a->getValue() === 10 && $a->exists(), 'setValue');
check($b->getValue() === 0, 'the other object has not learned of it');
check($b->increment(5) === 15 && $b->getValue() === 15 && $a->getValue() === 10, 'increment');
check($a->increment(0) === 15 && $a->getValue() === 15, 'increment by 0 refreshes');
check($b->decrement(20) === -5 && $a->refresh() === -5 && $a->getValue() === -5, 'decrement, refresh');
check(Integer::getInstance('k', space(), new SingletonManager)->getValue() === -5, 'a fresh object loads the value');
check($a->delete() === null && $a->getValue() === -5 && !$a->exists() && $a->delete() === null, 'delete keeps the KNOWN VALUE');
echo thrown(function () use ($b) { $b->refresh(); }), "\n";
check($b->getValue() === -5, 'a failed refresh changes nothing');
check($b->increment(0) === 0 && $b->exists(), 'increment by 0 creates');
$b->delete();
check($b->decrement() === -1, 'decrement creates');
check($a->compareAndSet(-1, 7) && $a->getValue() === 7 && !$a->compareAndSet(-1, 8) && $a->getValue() === 7, 'compareAndSet');
$a->delete();
check(!$a->compareAndSet(7, 8) && !$a->exists(), 'compareAndSet of a missing one');
?>
--EXPECT--
PhpSync\Core\Exceptions\IntegerDoesNotExistException: Integer "k" does not exist; setValue() or increment() creates it
