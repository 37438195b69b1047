--TEST--
Running into the memory limit while a long list is read leaves the space usable
--INI--
memory_limit=512M
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$s = space();
for ($n = 0; $n < 20000; $n++) $s->getInteger(str_pad((string) $n, 1000, 'x'))->setValue($n);
$child = new Child('ini_set("display_errors", "0");
    register_shutdown_function(function () { ini_set("memory_limit", "-1"); say(strpos(error_get_last()["message"], "memory") !== false ? "out of memory" : "other"); say((string) space()->getInteger("after")->increment()); });
    $s = space(); ini_set("memory_limit", "8M"); foreach ($s->integers() as $key => $value) $keys[] = $key; say("no limit");');
$child->expect('out of memory')->expect('1');
check($child->end() === 255, 'exit');
echo iterator_count($s->integers()), "\n";
?>
--EXPECT--
20001
