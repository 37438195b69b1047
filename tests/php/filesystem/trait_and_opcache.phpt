--TEST--
A class that uses the trait or extends a driver is kept by opcache, with its file cache and without
--SKIPIF--
<?php if (trim((string) shell_exec(escapeshellarg(PHP_BINARY) . ' -n -d zend_extension=opcache -r "echo (int) extension_loaded(\'Zend OPcache\');" 2>/dev/null')) !== '1') echo 'skip no opcache'; ?>
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
require __DIR__ . '/../include/files.inc';
mkdir(root_path());
$class = root_path() . '/class.php';
file_put_contents($class, '<?php
use PhpSync\Drivers\FileSystem\{FileManager, FileManagerInterface, FileSystemIntegerSyncDriver, WithFileManagerTrait};
class Kept { use WithFileManagerTrait; }
class Manager extends FileManager { public function getFileName(string $key, string $category) { return parent::getFileName("x$key", $category); } }
class Driver extends FileSystemIntegerSyncDriver { protected function openFile($fileName, $mode) { return parent::openFile($fileName, $mode); } }
');
file_put_contents(root_path() . '/main.php', '<?php
require __DIR__ . "/class.php";
$m = new Manager(__DIR__ . "/data");
for ($i = 0; $i < 300; $i++) { $k = new Kept; if ($k->setManager($m)->getManager() !== $m) exit(1); }
$d = new Driver($m);
for ($i = 0; $i < 300; $i++) $d->increment("k", 1);
echo $d->getValue("k"), " ", (int) is_file(__DIR__ . "/data/integers/" . substr(md5("xk"), 0, 2) . "/" . substr(md5("xk"), 2, 2) . "/" . md5("xk")), "\n";');
mkdir(root_path() . '/cache');
$options = ['-d', 'zend_extension=opcache', '-d', 'opcache.enable_cli=1', '-d', 'opcache.file_update_protection=0'];
foreach ([[], ['-d', 'opcache.jit=tracing', '-d', 'opcache.jit_buffer_size=16M'], ['-d', 'opcache.file_cache=' . root_path() . '/cache'], ['-d', 'opcache.file_cache=' . root_path() . '/cache', '-d', 'opcache.file_cache_only=1']] as $more) {
    for ($time = 0; $time < 2; $time++) {
        $child = new Child(root_path() . '/main.php', [], array_merge($options, $more), true);
        echo $child->rest();
        check($child->end() === 0, implode(' ', $more));
    }
}
?>
--EXPECT--
300 1
600 1
900 1
1200 1
1500 1
1800 1
2100 1
2400 1
