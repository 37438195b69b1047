--TEST--
synchronized() runs under a Hold, returns the result, passes exceptions, frees in every case
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$lock = space()->getLock('k');
$result = $lock->synchronized(function (...$arguments) use ($lock) {
    check(count($arguments) === 1 && $arguments[0] instanceof PhpSync\Hold && $arguments[0]->isValid(), 'it gets the Hold');
    check($lock->exists() && !$lock->tryLock(), 'it is held');
    return ['x' => 1];
});
check($result === ['x' => 1] && !$lock->exists(), 'result');
$own = new DomainException('own', 7);
try {
    $lock->synchronized(function () use ($own) { throw $own; });
} catch (DomainException $e) {
    check($e === $own && $e->getPrevious() === null, 'the very exception');
}
check(!$lock->exists(), 'freed after an exception');
check($lock->synchronized(function ($hold) { return $hold->release() ? 'early' : 'no'; }) === 'early', 'release inside');
check($lock->synchronized(function ($hold) use ($lock) { $lock->unlock(); $lock->lock(); return 'ok'; }) === 'ok', 'taken over inside');
check($lock->exists() && $lock->unlock(), "somebody else's acquisition is not freed");
$lock->lock();
echo thrown(function () use ($lock) { $lock->synchronized(function () { echo "never\n"; }, 0.05); }), "\n";
echo str_replace("'", '"', thrown(function () use ($lock) { $lock->synchronized('no_such_function'); })), "\n"; // PHP 7.4 has the other quotes
$lock->unlock();
check($lock->synchronized(function &() { static $x = 5; return $x; }) === 5, 'a result by reference');
class Callables { static function s($h) { return 's'; } function __call($n, $a) { return $n . count($a); } function __invoke($h) { return 'i'; } }
var_dump($lock->synchronized('Callables::s'), $lock->synchronized([new Callables, 'magic']), $lock->synchronized(new Callables));
?>
--EXPECT--
PhpSync\Core\Exceptions\LockTimeoutException: Lock "k" was not free within 0.05 seconds; try again or give it more time
TypeError: PhpSync\Generic\Lock::synchronized(): Argument #1 ($fn) must be a valid callback, function "no_such_function" not found or invalid function name
string(1) "s"
string(6) "magic1"
string(1) "i"
