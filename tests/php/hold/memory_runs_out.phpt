--TEST--
When memory runs out in hold(), the Lock is not left taken
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
require __DIR__ . '/../include/server.inc';
$folder = sys_get_temp_dir() . '/phpsync-memory-' . getmypid();
mkdir($folder);
register_shutdown_function(function () use ($folder) { exec('rm -rf ' . escapeshellarg($folder)); });
// Each Hold object takes memory, until there is none for the next one. The process of the server lives on.
file_put_contents("$folder/fill.php", '<?php
    $lock = PhpSync\Space::open()->getLock($_GET["key"]);
    $lease = isset($_GET["lease"]) ? 60.0 : null;
    $kept = array_fill(0, 1000000, null);
    ini_set("display_errors", "0");
    ini_set("memory_limit", (string) (memory_get_usage(true) + (4 << 20)));
    for ($n = 0; $n < 1000000; $n++) {
        $hold = $lock->hold(0, $lease);
        $hold->release();
        $kept[$n] = $hold;
        $hold = null;
    }
    echo "there was memory enough";');
file_put_contents("$folder/ask.php", '<?php echo PhpSync\Space::open()->getLock($_GET["key"])->exists() ? "taken" : "free";');
$address = php_server('-t', $folder);
foreach (['k', str_repeat('k', 1000)] as $key) {
    foreach (['', '&lease'] as $lease) {
        $answer = @file_get_contents("http://$address/fill.php?key=$key$lease"); // there may be no memory for one
        check((string) $answer === '', "an answer: $answer");
        $state = file_get_contents("http://$address/ask.php?key=$key"); // by the next request, so after the end of the first
        check($state === 'free', strlen($key) . "$lease: the Lock is $state");
    }
}
echo "done\n";
?>
--EXPECT--
done
