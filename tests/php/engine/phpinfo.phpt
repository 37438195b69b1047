--TEST--
phpinfo() has a section with version, drivers and ini, and shows no password
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
foreach (['shm://x' => 'shm://x', 'redis://user:sec:r@t@host:1/0?space=a&password=hidden' => 'redis://user:***@host:1/0?space=a&password=***',
          'redis://:secret@host' => 'redis://:***@host', 'redis://u:secret/@host/3' => 'redis://u:***@host/3',
          'redis://u:sec?ret@host/3?space=a' => 'redis://u:***@host/3?space=a', 'plain' => 'plain'] as $dsn => $shown) {
    ini_set('phpsync.dsn', $dsn);
    ob_start();
    phpinfo(INFO_MODULES);
    $text = ob_get_clean();
    check(strpos($text, "phpsync.dsn => $shown => no value") > 0, substr($text, strpos($text, 'phpsync.dsn'), 100));
    check(!preg_match('/secret|hidden|sec:r|sec\?/', $text), 'no password');
}
preg_match('/^phpsync$.*?Drivers => ([^\n]*)/ms', $text, $found);
check(strpos($text, 'Version => ' . phpversion('phpsync')) > 0 && strpos($found[1], 'shm') === 0, 'version and drivers');
$trace = '';
try { PhpSync\Space::open('redis://user:secret@host/x'); } catch (Throwable $e) { $trace = (string) $e; }
check($trace !== '' && strpos($trace, 'secret') === false, $trace);
echo "done\n";
?>
--EXPECT--
done
