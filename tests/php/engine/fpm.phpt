--TEST--
Under FPM a request locks and ends, a script waits, another request unlocks; processes keep spaces, requests keep nothing
--SKIPIF--
<?php require __DIR__ . '/../include/fastcgi.inc'; if (fpm_binary() === null) echo 'skip no php-fpm for this PHP'; ?>
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
require __DIR__ . '/../include/fastcgi.inc';
$folder = sys_get_temp_dir() . '/phpsync-fpm-' . getmypid();
mkdir($folder);
register_shutdown_function(function () use ($folder) { exec('rm -rf ' . escapeshellarg($folder)); });
file_put_contents("$folder/page.php", '<?php
    $s = PhpSync\Space::open();
    $lock = $s->getLock("pause");
    $i = $s->getInteger("n");
    switch ($_GET["do"] ?? "") {
        case "lock": $lock->lock(); break;
        case "unlock": var_dump($lock->unlock()); break;
        case "hold": $GLOBALS["h"] = $s->getLock("h")->hold(); var_dump($GLOBALS["h"]->isValid()); break;
        case "fatal": $GLOBALS["h"] = $s->getLock("h")->hold(); ini_set("display_errors", "0"); undefined(); break;
        case "finish": $GLOBALS["h"] = $s->getLock("h")->hold(); fastcgi_finish_request(); $s->getLock("gate")->wait(); break;
        case "stuck": $GLOBALS["h"] = $s->getLock("h")->hold(); $s->getInteger("stuck")->setValue(getmypid()); $s->getLock("gate")->wait(); break;
        case "many": for ($n = 0; $n < 100; $n++) $s->getInteger("k$n")->increment(); break;
        case "pid": break;
    }
    $i->increment();
    echo getmypid(), " ", $i->getValue(), " ", count(glob("/proc/self/fd/*")), " ", substr_count(file_get_contents("/proc/self/maps"), "phpsync-phpt-");');
file_put_contents("$folder/conf", "[global]\nerror_log = $folder/log\ndaemonize = no\n[www]\n" . (posix_getuid() === 0 ? "user = root\n" : '') . "listen = $folder/socket\npm = static\npm.max_children = 2\ncatch_workers_output = no\nclear_env = no\n");
putenv('PHPSYNC_DSN=' . space_dsn());
$given = preg_split('/\s+/', trim(getenv('PHPSYNC_TEST_OPTIONS')));
$fpm = proc_open(array_merge([fpm_binary(), '-n'], $given, ['-R', '-y', "$folder/conf"]), [1 => ['file', '/dev/null', 'w'], 2 => ['file', '/dev/null', 'w']], $pipes);
end_with_test($fpm);
for ($n = 0; $n < 20000 && !(file_exists("$folder/log") && strpos(file_get_contents("$folder/log"), 'ready to handle')); $n++) usleep(5000);
$ask = function (string $do) use ($folder) { return fastcgi("$folder/socket", "$folder/page.php", "do=$do"); };
$ask('lock');
$lock = space()->getLock('pause');
check($lock->exists() && basename($lock->owner()->label) === 'page.php', 'locked by a request that ended');
$worker = (new Child("say('waiting'); space()->getLock('pause')->wait(); say('on');"))->expect('waiting')->asleep();
check(strpos($ask('unlock'), 'bool(true)') === 0, 'unlocked by another');
$worker->expect('on');
check($worker->end() === 0, 'the worker went on');
foreach (['hold', 'fatal'] as $do) { $ask($do); check(!space()->getLock('h')->exists(), "a request's Hold ends with it: $do"); }

// A request that has answered and waits on is still one: its Hold ends with it.
$gate = space()->getLock('gate');
$gate->lock();
$ask('finish');
check(space()->getLock('h')->exists() && space()->getLock('h')->owner()->alive, 'it holds on');
$gate->unlock();
check(space()->getLock('h')->waitFor(100), 'and lets go at its end');
// A worker that is killed in a wait, as FPM does to requests that take too long.
$gate->lock();
$client = new Child('require $argv[1]; fastcgi($argv[2], $argv[3], "do=stuck"); say("cut off");', [__DIR__ . '/../include/fastcgi.inc', "$folder/socket", "$folder/page.php"]);
$stuck = space()->getInteger('stuck');
check($stuck->waitUntilAtLeast(1, 100) && Child::untilAsleep($stuck->getValue(), true), 'it waits');
posix_kill($stuck->getValue(), SIGKILL);
$client->expect('cut off');
check($client->end() === 0 && space()->getLock('h')->waitFor(100), 'the Hold of a killed worker ends');
$gate->unlock();

$facts = [];
for ($n = 0; $n < 60; $n++) {
    $ask('many');
    [$pid, $value, $descriptors, $maps] = explode(' ', $ask('pid'));
    check((int) $value === space()->getInteger('n')->refresh(), 'each request loads the value anew');
    $facts[$pid][] = "$descriptors $maps";
}
foreach ($facts as $pid => $seen) check(count(array_unique(array_slice($seen, 2))) <= 1, "process $pid gathers nothing: " . implode(', ', array_unique($seen)));
proc_terminate($fpm);
proc_close($fpm);
echo "done\n";
?>
--EXPECT--
done
