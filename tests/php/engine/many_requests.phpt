--TEST--
A server process keeps its spaces open, renews the label, and frees each request's objects
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$folder = sys_get_temp_dir() . '/phpsync-www-' . getmypid();
mkdir($folder);
$include = var_export(realpath(__DIR__ . '/../include/testing.inc'), true);
foreach (['a', 'b'] as $name) file_put_contents("$folder/$name.php", '<?php
    $s = PhpSync\Space::open(getenv("PHPSYNC_TEST_DSN"));
    $i = $s->getInteger("n"); $known = $i->getValue(); $i->increment();
    $lock = $s->getLock("' . $name . '"); if (!$lock->exists()) $lock->lock();
    $GLOBALS["hold"] = $s->getLock("request")->hold(0);
    echo $known, " ", basename($lock->owner()->label), " ", $GLOBALS["hold"] ? "held" : "busy";');
$socket = stream_socket_server('tcp://127.0.0.1:0');
$address = stream_socket_get_name($socket, false);
fclose($socket);
$given = preg_split('/\s+/', trim(getenv('PHPSYNC_TEST_OPTIONS')));
$server = proc_open(array_merge([PHP_BINARY, '-n'], $given, ['-S', $address, '-t', $folder]), [1 => ['file', '/dev/null', 'w'], 2 => ['pipe', 'w']], $pipes, null, array_merge(getenv(), ['PHPSYNC_TEST_DSN' => space_dsn()]));
end_with_test($server);
while (($line = fgets($pipes[2])) !== false && strpos($line, 'started') === false);
foreach (['a', 'b', 'a', 'b'] as $name) echo file_get_contents("http://$address/$name.php"), "\n";
proc_terminate($server);
proc_close($server);
array_map('unlink', glob("$folder/*"));
rmdir($folder);
?>
--EXPECT--
0 a.php held
1 b.php held
2 a.php held
3 b.php held
