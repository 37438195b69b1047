--TEST--
Roots, file names and openFile obey open_basedir
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
require __DIR__ . '/../include/files.inc';
mkdir(root_path());
mkdir(root_path() . '/in');
$code = '
    use PhpSync\Drivers\FileSystem\{FileManager, FileSystemIntegerSyncDriver};
    final class Out extends FileManager { public $out; public function getFileName(string $key, string $category) { return "$this->out/$category/$key"; } }
    final class Opening extends FileSystemIntegerSyncDriver { public function open($f) { return $this->openFile($f, "w"); } }
    function refused(callable $call) { $text = thrown($call); check(strpos($text, "PhpSync\\\\Core\\\\Exceptions\\\\SyncOperationException: open_basedir does not allow ") === 0, $text); }
    $out = root_path() . "/out"; $in = root_path() . "/in";
    refused(function () use ($out) { file_lock("k", new FileManager($out))->lock(); });
    refused(function () use ($out) { file_lock("k", new FileManager($out))->exists(); });
    refused(function () use ($out) { file_integer("k", new FileManager($out)); });
    refused(function () use ($out, $in) { $m = new Out($in); $m->out = $out; file_lock("k", $m)->lock(); });
    refused(function () use ($out, $in) { $m = new Out($in); $m->out = "$in/../out"; file_lock("k", $m)->lock(); });
    refused(function () use ($out) { (new FileManager($out))->ensureDirectoriesExist("$out/a/b"); });
    refused(function () use ($out, $in) { (new Opening(new FileManager($in)))->open("$out/x"); });
    $lock = file_lock("k", new FileManager($in)); $lock->lock(); check($lock->unlock(), "in");
    check(file_integer("k", new FileManager("$in/deeper"))->increment() === 1, "in");
    ini_set("open_basedir", "$in/deeper:" . dirname((new ReflectionFunction("check"))->getFileName()));
    refused(function () use ($lock) { $lock->lock(); });
    check(file_integer("k", new FileManager("$in/deeper"))->increment() === 2, "still");
    say("done");';
$child = file_child($code, [], ['-d', 'open_basedir=' . root_path() . '/in:' . dirname(__DIR__) . '/include']);
check($child->expect('done')->end() === 0 && !file_exists(root_path() . '/out'), 'exit');
echo "done\n";
?>
--EXPECT--
done
