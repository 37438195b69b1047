--TEST--
A driver that returns what its interface forbids is reported, never believed
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
use PhpSync\Generic\{Lock, Integer, SingletonManager};
class Wrong implements PhpSync\Generic\LockSyncDriverInterface, PhpSync\Generic\IntegerSyncDriverInterface
{
    public $has = false;
    public function lock(string $key) { return new stdClass; }
    public function unlock(string $key): bool { return []; }
    public function wait(string $key) { return $key; }
    public function exists(string $key): bool { return new stdClass; }
    public function setValue(string $key, int $value): int { return 'x'; }
    public function getValue(string $key): int { return []; }
    public function increment(string $key, int $by): int { }
    public function hasValue(string $key): bool { return $this->has; }
    public function delete(string $key) { return 7; }
}
class ByReference extends Wrong
{
    private $yes = true; private $n = 9;
    public function &unlock(string $key): bool { return $this->yes; }
    public function &wait(string $key) { return $this->n; }
    public function &exists(string $key): bool { return $this->yes; }
    public function &increment(string $key, int $by): int { return $this->n; }
}
$w = new Wrong;
$lock = Lock::getInstance('k', $w);
$i = Integer::getInstance('k', $w);
foreach ([[$lock, 'lock'], [$lock, 'unlock'], [$lock, 'wait'], [$lock, 'exists'], [$i, 'setValue', 1], [$i, 'increment'], [$i, 'decrement'], [$i, 'refresh'], [$i, 'delete']] as $call) {
    echo $call[1], ': ', preg_replace('/: .*?(?= <-|$)/', '', thrown(function () use ($call) { $call[0]->{$call[1]}(...array_slice($call, 2)); })), "\n";
}
$w->has = true;
echo preg_replace('/: .*?(?= <-|$)/', '', thrown(function () use ($w) { Integer::getInstance('k2', $w); })), "\n";
check($i->getValue() === 0, 'nothing was learned');
$r = new ByReference;
$lock = Lock::getInstance('r', $r, new SingletonManager);
var_dump($lock->unlock(), $lock->wait(), $lock->exists(), Integer::getInstance('r', $r, new SingletonManager)->increment());
?>
--EXPECT--
lock: nothing
unlock: PhpSync\Core\Exceptions\SyncOperationException <- TypeError
wait: nothing
exists: TypeError
setValue: PhpSync\Core\Exceptions\SyncOperationException <- TypeError
increment: PhpSync\Core\Exceptions\SyncOperationException <- TypeError
decrement: PhpSync\Core\Exceptions\SyncOperationException <- TypeError
refresh: PhpSync\Core\Exceptions\SyncOperationException <- TypeError
delete: nothing
PhpSync\Core\Exceptions\SyncOperationException <- TypeError
bool(true)
int(9)
bool(true)
int(9)
