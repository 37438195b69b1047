--TEST--
The example jobs: workers paused by one web request, resumed by another, stopped by SIGTERM; the total is exact
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
require __DIR__ . '/../include/server.inc';
$examples = getenv('PHPSYNC_TEST_ROOT') . '/examples/php';
$folder = sys_get_temp_dir() . '/phpsync-jobs-' . getmypid();
mkdir("$folder/files", 0700, true);
for ($n = 0; $n < 3000; $n++) file_put_contents("$folder/files/$n", str_repeat("task $n\n", 2000));
putenv('PHPSYNC_DSN=' . space_dsn());
register_shutdown_function(function () use ($folder) { exec('rm -rf ' . escapeshellarg($folder)); });

$producer = new Child("$examples/producer.php", ["$folder/files", "$folder/tasks"], [], true);
$producer->expect('3000 tasks');
check($producer->end() === 0, 'producer');

// The admin page on a real web server.
$address = php_server("$examples/admin.php");
function request(string $address, string $path, ?array $post = null, string $cookie = ''): array
{
    $http = ['ignore_errors' => true, 'follow_location' => 0, 'header' => "Cookie: $cookie\r\nContent-Type: application/x-www-form-urlencoded\r\n"];
    if ($post !== null) $http += ['method' => 'POST', 'content' => http_build_query($post)];
    $body = file_get_contents("http://$address$path", false, stream_context_create(['http' => $http]));
    return [(int) substr($http_response_header[0], 9, 3), $body, implode("\n", $http_response_header)];
}
[$status, $page, $headers] = request($address, '/');
check($status === 200 && preg_match('/name="token" value="(\w+)"/', $page, $token) && strpos($headers, "admin_token=$token[1]"), $headers . $page);
$cookie = "admin_token=$token[1]";
$submit = function (string $action) use ($address, $token, $cookie) { return request($address, '/', ['token' => $token[1], 'action' => $action], $cookie)[0]; };

$pause = space()->getLock('pause'); $finished = space()->getInteger('finished');
check(request($address, '/', ['token' => $token[1], 'action' => 'pause'])[0] === 403, 'without the cookie');
check(request($address, '/', ['token' => str_repeat('0', 32), 'action' => 'pause'], $cookie)[0] === 403, 'another token');
check(request($address, '/', ['action' => ['pause']], $cookie)[0] === 403 && $submit('nonsense') === 400 && !$pause->exists(), 'bad requests change nothing');

$start = function () use ($examples, $folder) {
    static $n = 0;
    return proc_open(array_merge([PHP_BINARY, '-n'], preg_split('/\s+/', trim(getenv('PHPSYNC_TEST_OPTIONS'))), ["$examples/worker.php", "$folder/tasks"]), [1 => ['file', "$folder/sums." . $n++, 'w']], $p);
};
$workers = [$start(), $start(), $start(), $start()];
check($finished->waitUntilAtLeast(300, 60), 'they work');
check($submit('pause') === 303 && $submit('pause') === 303, 'pause, twice');
foreach ($workers as $worker) { $pid = proc_get_status($worker)['pid']; Child::untilAsleep($pid); }
$at = $finished->refresh();
check($at < 3000 && !$finished->waitForChange(0.5), "all stopped at $at");
check($pause->owner()->alive === true && basename($pause->owner()->label) === 'admin.php', 'paused by the page');
[, $page] = request($address, '/', null, $cookie);
check(strpos($page, "$at of 3000") && strpos($page, 'Paused since') && strpos($page, 'value="resume"'), $page);
check(json_decode(request($address, "/?after=$at")[1], true) === ['finished' => $at, 'total' => 3000, 'paused' => true], 'progress as JSON');

$stopped = array_pop($workers);
proc_terminate($stopped, SIGTERM);
do { $state = proc_get_status($stopped); usleep(1000); } while ($state['running']);
check($state['exitcode'] === 0 && !$state['signaled'], 'SIGTERM ends a waiting worker cleanly');

check($submit('resume') === 303 && !$pause->exists(), 'resume');
foreach ($workers as $worker) { do { $state = proc_get_status($worker); usleep(1000); } while ($state['running']); check($state['exitcode'] === 0, 'worker'); }
check($finished->refresh() === 3000, 'the total is exact');
$lines = [];
foreach (glob("$folder/sums.*") as $file) array_push($lines, ...file($file, FILE_IGNORE_NEW_LINES));
check(count($lines) === 3000 && count(array_unique($lines)) === 3000, 'each task once');
check(in_array(hash_file('sha256', "$folder/files/7") . "  $folder/files/7", $lines, true), 'real work');

$cron = new Child("$examples/cron.php", [], [], true);
$cron->expect('sum: 3000');
check($cron->end() === 0, 'cron');
$hold = space()->getLock('cron-nightly-sum')->hold();
$cron = new Child("$examples/cron.php", [], [], true);
$cron->expect('the last run is still going');
check($cron->end() === 75, 'cron while another runs');
echo "done\n";
?>
--EXPECT--
done
