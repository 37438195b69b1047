--TEST--
One object a key in a manager; two spaces never share one
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
use PhpSync\Generic\{Lock, Integer, SingletonManager};
use PhpSync\Space;
$s = space();
$other = Space::open(str_replace('shm://test', 'shm://other', space_dsn()));
check($s->getLock('k') === $s->getLock('k') && $s->getInteger('k') === $s->getInteger('k'), 'one object');
check(Lock::getInstance('k', $s) === $s->getLock('k') && Integer::getInstance('k', $s, null) === $s->getInteger('k'), 'also by getInstance');
check(space()->getLock('k') === $s->getLock('k'), 'also through a Space opened again');
check($s->getLock('k') !== $s->getLock('K') && $s->getLock("k\0") !== $s->getLock('k'), 'another key');
check($other->getLock('k') !== $s->getLock('k') && $other->getInteger('k') !== $s->getInteger('k'), 'another space');
$m = new SingletonManager;
check(Lock::getInstance('k', $s, $m) !== $s->getLock('k') && Lock::getInstance('k', $s, $m) === Lock::getInstance('k', $s, $m), 'another manager');
check(Integer::getInstance(42, $s) === Integer::getInstance('42', $s), 'keys are strings');
$id = spl_object_id($s->getLock('kept'));
gc_collect_cycles();
check($id === spl_object_id($s->getLock('kept')), 'the default manager keeps it');
$s->getLock('k')->lock();
check(!$other->getLock('k')->exists() && $s->getLock('k')->unlock(), 'keys in two spaces never meet');
$s->getInteger('k')->setValue(1);
check(!$s->getLock('k')->exists() && $s->getInteger('k')->exists(), 'Locks and Integers have separate keys');
echo "done\n";
?>
--EXPECT--
done
