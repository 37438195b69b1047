--TEST--
Arguments of the file system's classes: weak and strict, too few, too many, wrong ones
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
require __DIR__ . '/../include/files.inc';
use PhpSync\Drivers\FileSystem\{FileManager, FileSystemIntegerSyncDriver, FileSystemLockSyncDriver};
$manager = new FileManager(root_path());
$locks = new FileSystemLockSyncDriver($manager);
$integers = new FileSystemIntegerSyncDriver($manager);
check((new FileManager(12))->getRootPath() === '12' && (new FileManager(new SplFileInfo('/x')))->getRootPath() === '/x', 'an untyped parameter converts');
check($manager->getFileName(42, 7) === $manager->getFileName('42', '7'), 'weak mode converts');
check($integers->increment(42, '3') === 3 && $integers->getValue('42') === 3 && $integers->setValue('42', true) === 1, 'weak mode converts');
foreach ([
    function () { new FileManager; }, function () { new FileManager(null); }, function () { new FileManager([]); },
    function () use ($manager) { $manager->getFileName('k'); }, function () use ($manager) { $manager->getFileName([], 'c'); }, function () use ($manager) { $manager->setRootPath(null); },
    function () use ($manager) { $manager->ensureDirectoriesExist([]); },
    function () { new FileSystemLockSyncDriver; }, function () { new FileSystemLockSyncDriver(new stdClass); }, function () { new FileSystemIntegerSyncDriver(null); },
    function () use ($locks) { $locks->setManager('x'); }, function () use ($locks) { $locks->lock(); }, function () use ($locks) { $locks->exists(null); },
    function () use ($integers) { $integers->increment('k'); }, function () use ($integers) { $integers->increment('k', 1.5); }, function () use ($integers) { $integers->setValue('k', 'x'); },
] as $call) echo preg_replace('/, (0|1) passed.*/', '', strtok(thrown($call), ':')), "\n";
eval('declare(strict_types=1);
    check(strpos(thrown(function () use ($manager) { $manager->getFileName(42, "c"); }), "TypeError") === 0 && strpos(thrown(function () use ($manager) { $manager->setRootPath(1); }), "TypeError") === 0, "strict");
    check(strpos(thrown(function () use ($integers) { $integers->increment("k", "1"); }), "TypeError") === 0 && strpos(thrown(function () use ($locks) { $locks->exists(1); }), "TypeError") === 0, "strict");
    check((new PhpSync\Drivers\FileSystem\FileManager(7))->getRootPath() === "7", "untyped all the same");');
if (!defined('PHP_DEBUG') || !PHP_DEBUG) {
    $manager = new FileManager(root_path(), 'more');
    $locks = new FileSystemLockSyncDriver($manager, 'more');
    check($manager->getFileName('k', 'c', 1) === $manager->getFileName('k', 'c') && $locks->setManager($manager, 1) === $locks && $locks->getManager(1) === $manager, 'surplus');
    check($locks->exists('k', 1) === false && $integers->increment('s', 1, 2) === 1 && $integers->getValue('s', 1) === 1, 'surplus');
}
$manager->ensureDirectoriesExist(root_path() . '/a/b/file');
$manager->ensureDirectoriesExist(root_path() . '/a//b//other');
check(is_dir(root_path() . '/a/b') && !file_exists(root_path() . '/a/b/file'), 'folders only');
touch(root_path() . '/a/file');
foreach ([root_path() . '/a/file/x/y', '/proc/none/x', root_path() . '/' . str_repeat('n', 300) . '/x', str_repeat('/long', 1000), '', "a\0b"] as $name) {
    $text = thrown(function () use ($manager, $name) { $manager->ensureDirectoriesExist($name); });
    check(strpos($text, 'PhpSync\Core\Exceptions\SyncOperationException: ') === 0 && strpos($text, "\n") === false, $text);
}
file_put_contents(root_path() . '/plain', 'x');
foreach ([root_path() . '/plain', root_path() . '/plain/deeper', '/proc/none', '/'] as $root) {
    $text = thrown(function () use ($root) { file_lock('k', new FileManager($root))->lock(); });
    check(strpos($text, 'PhpSync\Core\Exceptions\SyncOperationException: ') === 0 && strpos($text, "\n") === false, $text);
}
check(!file_lock('k', new FileManager(root_path() . '/plain/deeper'))->exists(), 'nothing can be there');
?>
--EXPECT--
ArgumentCountError
TypeError
TypeError
ArgumentCountError
TypeError
TypeError
TypeError
ArgumentCountError
TypeError
TypeError
TypeError
ArgumentCountError
TypeError
ArgumentCountError
TypeError
TypeError
