--TEST--
Files lie where the PHP package put them: root, category in lower case, four digits of the key's MD5, all of it
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
require __DIR__ . '/../include/files.inc';
use PhpSync\Drivers\FileSystem\{FileManager, FileSystemIntegerSyncDriver, FileSystemLockSyncDriver};
function standard(string $root, string $category, string $key): string { $h = md5($key); return "$root/$category/" . substr($h, 0, 2) . '/' . substr($h, 2, 2) . "/$h"; }
$root = root_path();
$manager = new FileManager($root);
check($manager->getRootPath() === $root, 'the root is told as it was given');
foreach (['k', '', '42', "a\0b", '../../etc/passwd', "\xff\n", str_repeat('long', 5000)] as $key) {
    foreach (['locks', 'Locks', 'LOCKS', 'Integers', 'own'] as $category) check($manager->getFileName($key, $category) === standard($root, strtolower($category), $key), 'name');
    $lock = file_lock($key);
    $integer = file_integer($key);
    $lock->lock();
    check(is_file(standard($root, 'locks', $key)) && $lock->exists() && !$lock->tryLock(), 'a Lock is its file');
    check($lock->unlock() && !$lock->unlock() && !file_exists(standard($root, 'locks', $key)), 'and it goes with it');
    check($integer->increment(41) === 41 && $integer->increment() === 42, 'counts');
    check(trim(file_get_contents(standard($root, 'integers', $key))) === '42', 'decimal text');
    check($lock->getKey() === $key && $integer->getKey() === $key, 'key');
    $integer->delete();
    check(!$integer->exists() && files_in($root) === [], 'nothing is left');
}
$manager->ensureDirectoriesExist($manager->getFileName('theirs', 'integers'));
file_put_contents($manager->getFileName('theirs', 'integers'), '17');
check(file_integer('theirs')->getValue() === 17 && file_integer('theirs')->decrement(20) === -3, 'what others wrote');
// Roots that end in a slash, relative ones, roots with odd names; a relative one is of the working folder of the moment.
foreach (["$root/", "$root//", "$root/./", "$root/with % and ? and & and #", "$root/\xff"] as $odd) {
    check((new FileManager($odd))->getFileName('k', 'Locks') === standard($odd, 'locks', 'k'), 'as it was given');
    $lock = file_lock('k', new FileManager($odd));
    $lock->lock();
    check(is_file(standard($odd, 'locks', 'k')), 'at its place');
    check(file_lock('k', new FileManager(rtrim($odd, '/')))->unlock(), 'one place, however it is written');
}
mkdir("$root/a");
mkdir("$root/b");
chdir("$root/a");
$relative = new FileManager('data');
$n = file_integer('k', $relative);
check($n->increment() === 1 && is_file(standard("$root/a/data", 'integers', 'k')), 'relative');
chdir("$root/b");
check(!$n->exists() && $n->increment(5) === 5 && is_file(standard("$root/b/data", 'integers', 'k')), 'the working folder of the moment');
chdir("$root/a");
check($n->refresh() === 1 && file_integer('k', new FileManager("$root/a/./data"))->getValue() === 1 && file_integer('k', new FileManager('../a/data'))->getValue() === 1, 'and back');
chdir('/');
echo "done\n";
?>
--EXPECT--
done
