--TEST--
Paths obey open_basedir, also those of a space that is open already
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$child = new Child('
    echo thrown(function () { space(); }) === "nothing" ? "opened" : "refused", "\n";
', [], ['-d', 'open_basedir=/usr:' . dirname(__DIR__)]);
$child->expect('refused');
check($child->end() === 0, 'exit');
$child = new Child('
    space()->getInteger("k")->increment();
    ini_set("open_basedir", "/usr:" . dirname((new ReflectionFunction("space"))->getFileName()));
    $text = thrown(function () { space(); });
    echo strpos($text, "SyncOperationException") && strpos($text, "open_basedir") ? "refused" : $text, "\n";
');
$child->expect('refused');
check($child->end() === 0, 'exit');
$child = new Child('space(); echo "allowed\n";', [], ['-d', 'open_basedir=/usr:/dev/shm:' . dirname(__DIR__)]);
$child->expect('allowed');
check($child->end() === 0, 'exit');
echo "done\n";
?>
--EXPECT--
done
