--TEST--
Under FPM a request locks in a file and ends, a script waits, another request unlocks; processes gather nothing
--SKIPIF--
<?php require __DIR__ . '/../include/fastcgi.inc'; if (fpm_binary() === null) echo 'skip no php-fpm for this PHP'; ?>
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
require __DIR__ . '/../include/files.inc';
require __DIR__ . '/../include/fastcgi.inc';
$root = root_path();
mkdir($root);
file_put_contents("$root/page.php", '<?php
    use PhpSync\Drivers\FileSystem\{FileManager, FileSystemIntegerSyncDriver, FileSystemLockSyncDriver};
    use PhpSync\Generic\{Integer, Lock};
    final class Own extends FileManager { public function getFileName(string $key, string $category) { return $this->getRootPath() . "/own/$category-$key"; } }
    $manager = isset($_GET["own"]) ? new Own("data") : new FileManager("data");
    $lock = Lock::getInstance("pause", new FileSystemLockSyncDriver($manager));
    $i = Integer::getInstance("n", new FileSystemIntegerSyncDriver($manager));
    switch ($_GET["do"] ?? "") {
        case "lock": $lock->lock(); break;
        case "unlock": var_dump($lock->unlock()); break;
        case "hold": $GLOBALS["h"] = Lock::getInstance("h", new FileSystemLockSyncDriver($manager))->hold(); break;
        case "fatal": $GLOBALS["h"] = Lock::getInstance("h", new FileSystemLockSyncDriver($manager))->hold(); ini_set("display_errors", "0"); undefined(); break;
    }
    $i->increment();
    echo getmypid(), " ", $i->getValue(), " ", count(glob("/proc/self/fd/*"));');
file_put_contents("$root/conf", "[global]\nerror_log = $root/log\ndaemonize = no\n[www]\n" . (posix_getuid() === 0 ? "user = root\n" : '') . "listen = $root/socket\npm = static\npm.max_children = 2\ncatch_workers_output = no\nclear_env = no\n");
$given = preg_split('/\s+/', trim(getenv('PHPSYNC_TEST_OPTIONS')));
$fpm = proc_open(array_merge([fpm_binary(), '-n'], $given, ['-R', '-y', "$root/conf"]), [1 => ['file', '/dev/null', 'w'], 2 => ['file', '/dev/null', 'w']], $pipes);
end_with_test($fpm);
for ($n = 0; $n < 6000 && !(file_exists("$root/log") && strpos(file_get_contents("$root/log"), 'ready to handle')); $n++) usleep(5000);
$ask = function (string $query) use ($root) { return fastcgi("$root/socket", "$root/page.php", $query); };
final class Own extends PhpSync\Drivers\FileSystem\FileManager { public function getFileName(string $key, string $category) { return $this->getRootPath() . "/own/$category-$key"; } }
// The root is relative: a request's working folder is its script's.
foreach (['' => new PhpSync\Drivers\FileSystem\FileManager("$root/data"), '&own=1' => new Own("$root/data")] as $own => $manager) {
    $ask("do=lock$own");
    $lock = file_lock('pause', $manager);
    check($lock->exists() && basename($lock->owner()->label) === 'page.php', 'locked by a request that ended');
    $class = $own === '' ? 'PhpSync\Drivers\FileSystem\FileManager' : 'Own';
    $worker = file_child('final class Own extends PhpSync\Drivers\FileSystem\FileManager { public function getFileName(string $key, string $category) { return $this->getRootPath() . "/own/$category-$key"; } }
        say("waiting"); file_lock("pause", new ' . $class . '(root_path() . "/data"))->wait(); say("on");')->expect('waiting')->asleep();
    check(strpos($ask("do=unlock$own"), 'bool(true)') === 0, 'unlocked by another');
    check($worker->expect('on')->end() === 0, 'the worker went on');
    foreach (['hold', 'fatal'] as $do) { $ask("do=$do$own"); check(!file_lock('h', $manager)->exists(), "a request's Hold ends with it: $do"); }
    $seen = [];
    for ($n = 0; $n < 60; $n++) {
        [$pid, $value, $descriptors] = explode(' ', $ask("do=$own"));
        check((int) $value === file_integer('n', $manager)->getValue(), 'each request loads the value anew');
        $seen[$pid][] = $descriptors;
    }
    foreach ($seen as $pid => $counts) check(count(array_unique(array_slice($counts, 2))) <= 1, "process $pid gathers nothing: " . implode(', ', array_unique($counts)));
}
proc_terminate($fpm);
proc_close($fpm);
echo "done\n";
?>
--EXPECT--
done
