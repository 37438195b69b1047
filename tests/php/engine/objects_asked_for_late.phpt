--TEST--
What output handlers, destructors after them and session handlers ask for at a request's end harms no later request
--SKIPIF--
<?php if (!extension_loaded('session')) die('skip the session module is missing'); ?>
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
require __DIR__ . '/../include/server.inc';
$folder = sys_get_temp_dir() . '/phpsync-late-' . getmypid();
mkdir($folder);
$driver = var_export(realpath(__DIR__ . '/../include/driver.inc'), true);
file_put_contents("$folder/late.php", '<?php
    error_reporting(0);
    require ' . $driver . ';
    class Chain extends Driver {
        public $left;
        function __construct($left) { $this->left = $left; }
        function __destruct() { if ($this->left) for ($i = 0; $i < 20; $i++) PhpSync\Generic\Lock::getInstance("$this->left-$i", new Chain($this->left - 1)); }
    }
    $s = PhpSync\Space::open(getenv("PHPSYNC_TEST_DSN"));
    $yes = function () { return true; };
    session_save_path(__DIR__);
    session_set_save_handler($yes, $yes, function () { return ""; }, function () use ($s) {
        PhpSync\Generic\Lock::getInstance("late", new Driver);
        $s->getInteger("writes")->increment();
        return true;
    }, $yes, $yes);
    session_start();
    ob_start(function ($text) { PhpSync\Generic\Lock::getInstance("handler", new Chain(2)); return $text; });
    for ($i = 0; $i < 50; $i++) $s->getLock("k$i");
    echo $s->getInteger("writes")->getValue();');
$address = php_server('-t', $folder);
for ($i = 0; $i < 4; $i++) echo file_get_contents("http://$address/late.php"), "\n";
array_map('unlink', glob("$folder/*"));
rmdir($folder);
?>
--EXPECT--
0
1
2
3
