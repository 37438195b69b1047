--TEST--
A child keeps working when its parent has ended; the parent's Hold is free then
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$parent = new Child('$hold = space()->getLock("held")->hold(); $i = space()->getInteger("i"); space()->getLock("gate");
    if (pcntl_fork() === 0) { space()->getLock("held")->lock(); $i->increment(5); space()->getLock("held")->unlock(); say("child done"); exit; }
    hear(); say("parent ends");');
$parent->send('go')->expect('parent ends')->expect('child done');
check(space()->getInteger('i')->refresh() === 5 && !space()->getLock('held')->exists(), 'done');
echo $parent->end(), "\n";
?>
--EXPECT--
0
