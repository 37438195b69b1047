--TEST--
With a native Space no PHP-level call stands between a method and the library
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
foreach (['lock', 'wait', 'hold'] as $method) {
    space()->getLock('k')->tryLock();
    $child = new Child('pcntl_async_signals(true);
        pcntl_signal(SIGUSR1, function () { throw new Exception("stop"); });
        $lock = space()->getLock("k");
        try { say("blocking"); $lock->' . $method . '(); }
        catch (Exception $e) { say(implode(", ", array_map(function ($f) { return ($f["class"] ?? "") . "::" . $f["function"]; }, $e->getTrace()))); }');
    echo preg_replace('/[^ ,]*\\{closure.*?(, |$)/', '{handler}$1', $child->expect('blocking')->asleep()->signal(SIGUSR1)->line()), "\n";
}
check((new ReflectionClass('PhpSync\Space'))->isFinal(), 'a Space cannot be overridden');
?>
--EXPECT--
{handler}, PhpSync\Generic\Lock::lock
{handler}, PhpSync\Generic\Lock::wait
{handler}, PhpSync\Generic\Lock::hold
