--TEST--
A server process keeps its spaces open, renews the label, and frees each request's objects
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
require __DIR__ . '/../include/server.inc';
$folder = sys_get_temp_dir() . '/phpsync-www-' . getmypid();
mkdir($folder);
$include = var_export(realpath(__DIR__ . '/../include/testing.inc'), true);
foreach (['a', 'b'] as $name) file_put_contents("$folder/$name.php", '<?php
    $s = PhpSync\Space::open(getenv("PHPSYNC_TEST_DSN"));
    $i = $s->getInteger("n"); $known = $i->getValue(); $i->increment();
    $lock = $s->getLock("' . $name . '"); if (!$lock->exists()) $lock->lock();
    $GLOBALS["hold"] = $s->getLock("request")->hold(0);
    echo $known, " ", basename($lock->owner()->label), " ", $GLOBALS["hold"] ? "held" : "busy";');
$address = php_server('-t', $folder);
foreach (['a', 'b', 'a', 'b'] as $name) echo file_get_contents("http://$address/$name.php"), "\n";
array_map('unlink', glob("$folder/*"));
rmdir($folder);
?>
--EXPECT--
0 a.php held
1 b.php held
2 a.php held
3 b.php held
