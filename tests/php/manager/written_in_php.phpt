--TEST--
A manager written in PHP is called exactly as the interface says
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
use PhpSync\Generic\{Lock, Integer, SingletonManagerInterface};
class Manager implements SingletonManagerInterface
{
    public $log = []; public $kept = []; public $throw;
    private function note($method, $arguments) { $this->log[] = $method . '(' . implode(', ', array_map(function ($a) { return is_object($a) ? get_class($a) : var_export($a, true); }, $arguments)) . ')'; if ($this->throw === $method) throw new LogicException("in $method"); }
    public function get(string $key, string $className) { $this->note('get', func_get_args()); return $this->kept[$className][$key] ?? null; }
    public function set(string $key, string $className, $instance) { $this->note('set', func_get_args()); $this->kept[$className][$key] = $instance; }
    public function remove(string $key, string $className) { $this->note('remove', func_get_args()); }
    public function has(string $key, string $className): bool { $this->note('has', func_get_args()); return isset($this->kept[$className][$key]); }
}
$m = new Manager;
$lock = Lock::getInstance('k', space(), $m);
check($lock instanceof Lock && Lock::getInstance('k', space(), $m) === $lock, 'the kept one');
$integer = Integer::getInstance(42, space(), $m);
check($integer instanceof Integer && Integer::getInstance('42', space(), $m) === $integer, 'the kept one');
echo implode("\n", $m->log), "\n";
$m->kept['PhpSync\Generic\Lock']['own'] = $own = new ArrayObject;
check(Lock::getInstance('own', space(), $m) === $own, 'what get() returns is the result');
foreach (['has', 'set'] as $m->throw) { echo thrown(function () use ($m) { Lock::getInstance('new', space(), $m); }), "\n"; echo thrown(function () use ($m) { Integer::getInstance('new', space(), $m); }), "\n"; }
$m->throw = 'get';
echo thrown(function () use ($m) { Lock::getInstance('k', space(), $m); }), "\n";
echo thrown(function () { Lock::getInstance('k', space(), new stdClass); }), "\n";
echo thrown(function () { Lock::getInstance('k', new stdClass); }), "\n";
echo thrown(function () { Lock::getInstance('k'); }), "\n";
?>
--EXPECT--
has('k', 'PhpSync\\Generic\\Lock')
set('k', 'PhpSync\\Generic\\Lock', PhpSync\Generic\Lock)
has('k', 'PhpSync\\Generic\\Lock')
get('k', 'PhpSync\\Generic\\Lock')
has('42', 'PhpSync\\Generic\\Integer')
set('42', 'PhpSync\\Generic\\Integer', PhpSync\Generic\Integer)
has('42', 'PhpSync\\Generic\\Integer')
get('42', 'PhpSync\\Generic\\Integer')
LogicException: in has
LogicException: in has
LogicException: in set
LogicException: in set
LogicException: in get
TypeError: PhpSync\Generic\Lock::getInstance(): Argument #3 ($singletonManager) must be of type ?PhpSync\Generic\SingletonManagerInterface, stdClass given
TypeError: PhpSync\Generic\Lock::getInstance(): Argument #2 ($driver) must be of type PhpSync\Generic\LockSyncDriverInterface, stdClass given
ArgumentCountError: PhpSync\Generic\Lock::getInstance() expects at least 2 arguments, 1 given
