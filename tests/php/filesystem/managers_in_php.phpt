--TEST--
A FileManager written in PHP decides where Locks and Integers lie, also one that extends or wraps the native one
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
require __DIR__ . '/../include/files.inc';
use PhpSync\Drivers\FileSystem\{FileManager, FileManagerInterface};
final class Flat implements FileManagerInterface
{
    public $made = []; private $root;
    public function __construct(string $root) { $this->root = $root; }
    public function getFileName(string $key, string $category) { return "$this->root/$category-" . rawurlencode($key); }
    public function ensureDirectoriesExist(string $fileName) { $this->made[] = $fileName; if (!is_dir(dirname($fileName))) mkdir(dirname($fileName), 0777, true); }
    public function getRootPath(): string { return $this->root; }
    public function setRootPath(string $path) { $this->root = $path; }
}
final class Names extends FileManager { public function getFileName(string $key, string $category) { return $this->getRootPath() . '/' . strtoupper($category) . "/$key.sync"; } }
final class Roots extends FileManager { public $where; public function __construct($where) { $this->where = $where; } public function getRootPath(): string { return $this->where; } public function setRootPath(string $path) { $this->where = $path; } }
final class Wrapper implements FileManagerInterface
{
    private $inner;
    public function __construct(FileManagerInterface $inner) { $this->inner = $inner; }
    public function getFileName(string $key, string $category) { return $this->inner->getFileName($key, $category); }
    public function ensureDirectoriesExist(string $fileName) { $this->inner->ensureDirectoriesExist($fileName); }
    public function getRootPath(): string { return $this->inner->getRootPath(); }
    public function setRootPath(string $path) { $this->inner->setRootPath($path); }
}
final class Elsewhere extends FileManager { public function getFileName(string $key, string $category) { return root_path() . "/elsewhere/$category/$key"; } }
final class OneForAll extends FileManager { public function getFileName(string $key, string $category) { return $this->getRootPath() . "/$category/the one"; } }
final class Relative extends FileManager { public function getFileName(string $key, string $category) { return "rel/$category/$key"; } public function getRootPath(): string { return 'rel'; } }
final class AsObject extends FileManager { public function getFileName(string $key, string $category) { return new SplFileInfo($this->getRootPath() . "/object/$category"); } }

$root = root_path();
function used(FileManagerInterface $manager, string $lockFile, string $integerFile, ?FileManagerInterface $too = null): void
{
    global $root;
    $lock = file_lock('k', $manager);
    $integer = file_integer('k', $manager);
    $lock->lock();
    check(is_file("$root/$lockFile") && $lock->exists() && !$lock->tryLock() && $lock->owner()->pid === getmypid(), "the Lock of $lockFile");
    check($integer->increment(3) === 3 && $integer->decrement() === 2 && trim(file_get_contents("$root/$integerFile")) === '2', "the Integer of $integerFile");
    check(file_integer('k', clone $manager)->getValue() === 2, 'another object finds it');
    if ($too) check(!file_lock('k', $too)->tryLock() && file_integer('k', $too)->increment() === 3, 'shared with another FileManager');
    $files = files_in($root);
    check(count(array_diff($files, ["/$lockFile", "/$integerFile", "/$integerFile.key"])) === 0, 'and nothing else: ' . implode(' ', $files));
    check($lock->unlock() && !file_exists("$root/$lockFile"), 'unlocked');
    $hold = $lock->hold(null, 60);
    check($hold->isValid() && is_file("$root/$lockFile") && $lock->unlockIf($hold->fence) && !$hold->release(), 'a Hold');
    $integer->delete();
    check(files_in($root) === [], 'nothing is left');
}
$h = md5('k');
$standard = substr($h, 0, 2) . '/' . substr($h, 2, 2) . "/$h";
$flat = new Flat("$root/x");
used($flat, 'x/locks-k', 'x/integers-k');
check($flat->made[0] === "$root/x/locks-k" && in_array("$root/x/integers-k", $flat->made), 'asked to make the folders');
used(new Names($root), 'LOCKS/k.sync', 'INTEGERS/k.sync');
used(new Roots($root), "locks/$standard", "integers/$standard", new FileManager($root));
used(new Wrapper(new FileManager($root)), "locks/$standard", "integers/$standard", new FileManager($root));
used(new Wrapper(new Flat($root)), 'locks-k', 'integers-k', new Flat($root));
used(new Elsewhere("$root/not there"), 'elsewhere/locks/k', 'elsewhere/integers/k');
used(new Elsewhere(''), 'elsewhere/locks/k', 'elsewhere/integers/k');
used(new AsObject($root), 'object/locks', 'object/integers');
chdir($root);
used(new Relative($root), 'rel/locks/k', 'rel/integers/k');
chdir('/');
// Keys with one file are one Lock and one Integer, as they were.
$one = new OneForAll($root);
file_lock('a', $one)->lock();
check(file_lock('b', $one)->exists() && !file_lock('b', $one)->tryLock() && file_lock('b', $one)->unlock(), 'one Lock');
check(file_integer('a', $one)->increment() === 1 && file_integer('b', $one)->increment() === 2, 'one Integer');
// Long paths, as far as the system goes.
$deep = new class($root) extends FileManager { public $deep = ''; public function getFileName(string $key, string $category) { return $this->getRootPath() . "/$category" . $this->deep . '/f'; } };
$deep->deep = str_repeat('/' . str_repeat('d', 200), 15);
$lock = file_lock('k', $deep);
$lock->lock();
check($lock->exists() && $lock->unlock() && file_integer('k', $deep)->increment(7) === 7 && file_integer('k', $deep)->getValue() === 7, 'a path of ' . strlen($deep->getFileName('', 'integers')) . ' bytes');
foreach ([str_repeat('/' . str_repeat('d', 200), 25), '/' . str_repeat('n', 300)] as $deep->deep) {
    foreach ([[$lock, 'lock'], [$lock, 'exists'], [file_integer('k', new FileManager($root)), 'exists']] as $call) {
        $text = thrown(function () use ($call) { $call[0]->{$call[1]}(); });
        check($call[0] !== $lock ? $text === 'nothing' : strpos($text, 'PhpSync\Core\Exceptions\SyncOperationException: ') === 0 && strpos($text, 'too long') && strpos($text, "\n") === false, $text);
    }
    $text = thrown(function () use ($deep) { file_integer('k', $deep); });
    check(strpos($text, 'PhpSync\Core\Exceptions\SyncOperationException: ') === 0, $text);
}
echo "done\n";
?>
--EXPECT--
done
