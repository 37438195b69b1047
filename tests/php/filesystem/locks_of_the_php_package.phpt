--TEST--
A Lock that the PHP package left, or holds, is met with an error that says so, and left alone
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
require __DIR__ . '/../include/files.inc';
use PhpSync\Drivers\FileSystem\{FileManager, FileSystemLockSyncDriver};
$manager = new FileManager(root_path());
$file = $manager->getFileName('k', 'locks');
$manager->ensureDirectoriesExist($file);
touch($file);
$lock = file_lock('k');
$driver = new FileSystemLockSyncDriver($manager);
/* A script that holds it, the way the package does. Nobody waits for that one: the errors come while it goes on. */
$holder = file_child('$f = fopen((new PhpSync\Drivers\FileSystem\FileManager(root_path()))->getFileName("k", "locks"), "w"); flock($f, LOCK_EX); say("locked"); hear();');
foreach ([false, true] as $held) {
    if ($held) $holder->expect('locked');
    foreach ([[$lock, 'lock'], [$lock, 'unlock'], [$lock, 'wait'], [$lock, 'exists'], [$lock, 'tryLock'], [$lock, 'hold'], [$lock, 'owner'], [$driver, 'lock', 'k'], [$driver, 'exists', 'k']] as $call) {
        $text = thrown(function () use ($call) { $call[0]->{$call[1]}(...array_slice($call, 2)); });
        check(strpos($text, 'PhpSync\Core\Exceptions\SyncOperationException: Lock "k" in ') === 0 && strpos($text, 'PHP code') && strpos($text, 'remove it') && strpos($text, $file), $text);
        check(is_file($file) && filesize($file) === 0, 'left alone');
    }
}
check($holder->send('go')->end() === 0, 'it held on to the end');
echo preg_replace(['#file://\S+:#', '#/\S+/locks/\S+#'], ['SPACE:', 'FILE'], thrown(function () use ($lock) { $lock->lock(); })), "\n";
unlink($file);
$lock->lock();
check($lock->unlock(), 'free again');
?>
--EXPECT--
PhpSync\Core\Exceptions\SyncOperationException: Lock "k" in SPACE: FILE is not a file of this library: it does not say who took the Lock (php-sync-fs's own PHP code leaves such files); remove it when no script uses that any more
