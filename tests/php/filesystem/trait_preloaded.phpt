--TEST--
Classes that use the trait or extend a driver can be preloaded
--SKIPIF--
<?php if (trim((string) shell_exec(escapeshellarg(PHP_BINARY) . ' -n -d zend_extension=opcache -r "echo (int) extension_loaded(\'Zend OPcache\');" 2>/dev/null')) !== '1') echo 'skip no opcache'; ?>
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
require __DIR__ . '/../include/files.inc';
mkdir(root_path());
file_put_contents(root_path() . '/preload.php', '<?php
use PhpSync\Drivers\FileSystem\{FileSystemLockSyncDriver, WithFileManagerTrait};
class Direct { use WithFileManagerTrait; }
class Renamed { use WithFileManagerTrait { getManager as protected manager; } public function told() { return $this->manager(); } }
trait Outer { use WithFileManagerTrait; }
class Indirect { use Outer; }
class Driver extends FileSystemLockSyncDriver {}
');
file_put_contents(root_path() . '/main.php', '<?php
$m = new PhpSync\Drivers\FileSystem\FileManager(__DIR__ . "/data");
for ($i = 0; $i < 300; $i++) {
    if ((new Direct)->setManager($m)->getManager() !== $m || (new Renamed)->setManager($m)->told() !== $m || (new Indirect)->setManager($m)->getManager() !== $m) exit(1);
}
$lock = PhpSync\Generic\Lock::getInstance("k", new Driver($m));
$lock->lock();
echo (int) $lock->unlock(), " ", implode(" ", class_uses("Direct")), "\n";');
$user = posix_getpwuid(posix_geteuid())['name'];
$options = ['-d', 'zend_extension=opcache', '-d', 'opcache.enable_cli=1', '-d', 'opcache.preload=' . root_path() . '/preload.php', '-d', "opcache.preload_user=$user"];
foreach ([[], ['-d', 'opcache.optimization_level=0'], ['-d', 'opcache.jit=tracing', '-d', 'opcache.jit_buffer_size=16M']] as $more) {
    $child = new Child(root_path() . '/main.php', [], array_merge($options, $more), true);
    echo $child->rest();
    check($child->end() === 0, implode(' ', $more));
}
?>
--EXPECT--
1 PhpSync\Drivers\FileSystem\WithFileManagerTrait
1 PhpSync\Drivers\FileSystem\WithFileManagerTrait
1 PhpSync\Drivers\FileSystem\WithFileManagerTrait
