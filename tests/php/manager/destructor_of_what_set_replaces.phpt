--TEST--
Whatever set() replaces may change the manager's table in its destructor
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
class Sub extends PhpSync\Generic\SingletonManager { function put($v) { $this->instances = $v; } function all() { return $this->instances; } }
class Evil {
    private $change;
    function __construct(callable $change) { $this->change = $change; }
    function __destruct() { ($this->change)(); }
}
$changes = [
    'empties' => function (Sub $m) { $m->put([]); },
    'fills' => function (Sub $m) { for ($n = 0; $n < 100; $n++) { $m->set("k$n", 'C', $n); $m->set('k', "C$n", $n); } },
    'sets the same' => function (Sub $m) { $m->set('k', 'C', 'evil'); },
    'removes it' => function (Sub $m) { $m->remove('k', 'C'); },
    'puts text' => function (Sub $m) { $m->put('text'); },
    'throws' => function (Sub $m) { throw new DomainException('from a destructor'); },
];
foreach ($changes as $what => $change) {
    foreach (['the table', 'the class', 'the instance'] as $where) {
        $m = new Sub;
        $evil = new Evil(function () use ($m, $change) { $change($m); });
        $m->put($where === 'the table' ? $evil : ['C' => $where === 'the class' ? $evil : ['k' => $evil]]);
        unset($evil);
        $thrown = thrown(function () use ($m) { $m->set('k', 'C', 'mine'); });
        check($thrown === ($what === 'throws' ? 'DomainException: from a destructor' : 'nothing'), "$what, $where: $thrown");
        $expected = ['empties' => null, 'removes it' => null, 'puts text' => null, 'sets the same' => 'evil'];
        $found = $m->get('k', 'C');
        check($found === (array_key_exists($what, $expected) ? $expected[$what] : 'mine'), "$what, $where: " . var_export($found, true));
        check($m->set('after', 'C', 1) === null && $m->get('after', 'C') === 1, 'the manager goes on');

        $m = new Sub;
        $evil = new Evil(function () use ($m, $change) { $change($m); });
        $m->set('k', 'C', $evil);
        unset($evil);
        thrown(function () use ($m) { $m->remove('k', 'C'); });
        check($m->set('after', 'C', 1) === null && $m->get('after', 'C') === 1, 'after remove()');
    }
}
echo "done\n";
?>
--EXPECT--
done
