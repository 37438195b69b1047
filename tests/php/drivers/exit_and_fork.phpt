--TEST--
A driver may exit or fork inside a call
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
require __DIR__ . '/../include/driver.inc';

foreach (['lock', 'unlock', 'wait', 'exists', 'setValue', 'increment', 'refresh', 'delete', 'hasValue', 'getValue'] as $method) {
    $child = new Child('require ' . var_export(realpath(__DIR__ . '/../include/driver.inc'), true) . ';
        $d = new Driver; $d->values["k"] = 1; $lock = PhpSync\Generic\Lock::getInstance("k", $d); $i = PhpSync\Generic\Integer::getInstance("k", $d);
        $d->before = function ($m) { exit(9); };
        try {
            if (in_array("' . $method . '", ["hasValue", "getValue"])) { $d->before = function ($m) { if ($m === "' . $method . '") exit(9); }; PhpSync\Generic\Integer::getInstance("new", $d->values["new"] = 1 ? $d : $d); }
            elseif (in_array("' . $method . '", ["lock", "unlock", "wait", "exists"])) $lock->' . $method . '();
            else $i->' . $method . '(' . (in_array($method, ['setValue', 'increment']) ? '1' : '') . ');
        } catch (Throwable $e) { say("caught " . get_class($e)); }
        say("not reached");');
    check($child->rest() === '' && $child->status() === 9, $method);
}
$d = new Driver;
$lock = PhpSync\Generic\Lock::getInstance('k', $d);
$d->before = function () use (&$pid) { $pid = pcntl_fork(); };
$lock->lock();
if ($pid === 0) { exit($lock->getKey() === 'k' ? 4 : 5); }
pcntl_waitpid($pid, $status);
var_dump(pcntl_wexitstatus($status));
?>
--EXPECT--
int(4)
