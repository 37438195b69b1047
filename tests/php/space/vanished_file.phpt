--TEST--
A Space opened again after its file was deleted and made anew is the new one
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$s = space();
$s->getInteger('k')->setValue(5);
$folder = substr(space_dsn(), strpos(space_dsn(), 'path=') + 5);
foreach (array_diff(scandir($folder), ['.', '..']) as $name) unlink("$folder/$name");
$fresh = space();
check(!$fresh->getInteger('k')->exists(), 'a new space');
$fresh->getInteger('k')->setValue(7);
$child = new Child('say((string) space()->getInteger("k")->getValue());');
echo $child->line(), "\n";
check($fresh->getLock('l') !== $s->getLock('l'), 'the old one is another space now');
unset($s);
gc_collect_cycles();
check(space()->getInteger('k')->getValue() === 7, 'and goes on');
?>
--EXPECT--
7
