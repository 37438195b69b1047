--TEST--
SingletonManager keeps one object a pair of key and class
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$m = new PhpSync\Generic\SingletonManager;
$o = new stdClass;
var_dump($m->has('k', 'C'), $m->get('k', 'C'), $m->set('k', 'C', $o), $m->has('k', 'C'), $m->get('k', 'C') === $o, $m->has('k', 'D'), $m->has('K', 'C'));
var_dump($m->remove('k', 'D'), $m->has('k', 'C'), $m->remove('k', 'C'), $m->has('k', 'C'), $m->remove('k', 'C'));
$m->set('42', 'C', 'any value'); $m->set(43, 7, 1.5);
var_dump($m->get('42', 'C'), $m->get('43', '7'));
$m->set('n', 'C', null);
var_dump($m->has('n', 'C'), $m->get('n', 'C'));
class Sub extends PhpSync\Generic\SingletonManager { function all() { return $this->instances; } function break($v) { $this->instances = $v; } function gone() { unset($this->instances); } }
$s = new Sub;
$s->set('k', 'C', $o);
var_dump($s->all() === ['C' => ['k' => $o]]);
$s->break('text'); var_dump($s->has('k', 'C'), $s->get('k', 'C')); $s->set('k', 'C', 1); var_dump($s->all());
$s->gone(); var_dump($s->has('k', 'C')); $s->set('k', 'C', 2); var_dump($s->get('k', 'C'));
$copy = clone $s; $copy->set('k', 'C', 3); var_dump($s->get('k', 'C'), $copy->get('k', 'C'));
class Evil { public $m; function __destruct() { $this->m->break([]); $this->m->set('k', 'C', 'evil'); } }
$e = new Evil; $e->m = $s; $s->set('k', 'C', $e); unset($e); $s->set('k', 'C', 'x'); $s->set('z', 'C', 1); var_dump($s->get('k', 'C'));
echo thrown(function () use ($m) { $m->get([], 'C'); }), "\n";
echo thrown(function () use ($m) { $m->set('k', 'C'); }), "\n";
var_dump(unserialize(serialize($s)) == $s);
?>
--EXPECT--
bool(false)
NULL
NULL
bool(true)
bool(true)
bool(false)
bool(false)
NULL
bool(true)
NULL
bool(false)
NULL
string(9) "any value"
float(1.5)
bool(false)
NULL
bool(true)
bool(false)
NULL
array(1) {
  ["C"]=>
  array(1) {
    ["k"]=>
    int(1)
  }
}
bool(false)
int(2)
int(2)
int(3)
string(4) "evil"
TypeError: PhpSync\Generic\SingletonManager::get(): Argument #1 ($key) must be of type string, array given
ArgumentCountError: PhpSync\Generic\SingletonManager::set() expects exactly 3 arguments, 2 given
bool(true)
