--TEST--
A Space is itself a driver, for code that calls drivers directly or wraps them
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$s = space();
check($s instanceof PhpSync\Generic\LockSyncDriverInterface && $s instanceof PhpSync\Generic\IntegerSyncDriverInterface, 'instanceof');
var_dump($s->lock('k'), $s->exists('k'), $s->unlock('k'), $s->unlock('k'), $s->wait('k'), $s->exists('k'));
echo thrown(function () use ($s) { $s->getValue('i'); }), "\n";
var_dump($s->hasValue('i'), $s->setValue('i', 5), $s->increment('i', -7), $s->getValue('i'), $s->hasValue('i'), $s->delete('i'), $s->delete('i'), $s->hasValue('i'));
echo thrown(function () use ($s) { $s->increment('i', PHP_INT_MAX); $s->increment('i', 1); }) !== 'nothing' ? "overflow\n" : '';
foreach (['lock', 'unlock', 'wait', 'exists', 'getValue', 'hasValue', 'delete'] as $m) echo thrown(function () use ($s, $m) { $s->$m(''); }), "\n";
class Wrapper implements PhpSync\Generic\LockSyncDriverInterface
{
    private $inner;
    public $calls = [];
    public function __construct($inner) { $this->inner = $inner; }
    public function lock(string $key) { $this->calls[] = 'lock'; $this->inner->lock("w:$key"); }
    public function unlock(string $key): bool { $this->calls[] = 'unlock'; return $this->inner->unlock("w:$key"); }
    public function wait(string $key) { $this->calls[] = 'wait'; return $this->inner->wait("w:$key"); }
    public function exists(string $key): bool { $this->calls[] = 'exists'; return $this->inner->exists("w:$key"); }
}
$w = new Wrapper($s);
$lock = PhpSync\Generic\Lock::getInstance('k', $w);
$lock->lock();
var_dump($s->getLock('w:k')->exists(), $lock->exists(), $lock->unlock(), $lock->wait());
echo implode(' ', $w->calls), "\n";
?>
--EXPECT--
NULL
bool(true)
bool(true)
bool(false)
NULL
bool(false)
PhpSync\Core\Exceptions\IntegerDoesNotExistException: Integer "i" does not exist; setValue() or increment() creates it
bool(false)
int(5)
int(-2)
int(-2)
bool(true)
NULL
NULL
bool(false)
overflow
ValueError: PhpSync\Space::lock(): Argument #1 ($key) must be 1 to 1023 bytes long, 0 given
ValueError: PhpSync\Space::unlock(): Argument #1 ($key) must be 1 to 1023 bytes long, 0 given
ValueError: PhpSync\Space::wait(): Argument #1 ($key) must be 1 to 1023 bytes long, 0 given
ValueError: PhpSync\Space::exists(): Argument #1 ($key) must be 1 to 1023 bytes long, 0 given
ValueError: PhpSync\Space::getValue(): Argument #1 ($key) must be 1 to 1023 bytes long, 0 given
ValueError: PhpSync\Space::hasValue(): Argument #1 ($key) must be 1 to 1023 bytes long, 0 given
ValueError: PhpSync\Space::delete(): Argument #1 ($key) must be 1 to 1023 bytes long, 0 given
bool(true)
bool(true)
bool(true)
NULL
lock exists unlock wait
