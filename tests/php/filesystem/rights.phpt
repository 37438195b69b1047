--TEST--
Files and folders get the rights of the root, whatever the umask; a root of another user is used as it is
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
require __DIR__ . '/../include/files.inc';
use PhpSync\Drivers\FileSystem\FileManager;
mkdir(root_path());
foreach ([0700 => [0600, 0700], 0755 => [0644, 0755], 0770 => [0660, 0770], 0777 => [0666, 0777], 02775 => [0664, 02775], 01777 => [0666, 0777]] as $mode => [$file, $folder]) {
    $root = sprintf('%s/%o', root_path(), $mode);
    mkdir($root);
    chmod($root, $mode);
    foreach ([022, 077, 0] as $i => $umask) {
        umask($umask);
        $manager = new FileManager($root);
        file_lock("k$i", $manager)->lock();
        file_integer("k$i", $manager)->increment();
        foreach (['locks', 'integers'] as $category) {
            clearstatcache();
            $name = $manager->getFileName("k$i", $category);
            check((fileperms($name) & 07777) === $file, sprintf('%o: file %o', $mode, fileperms($name)));
            check((fileperms(dirname($name)) & 07777) === $folder, sprintf('%o: folder %o', $mode, fileperms(dirname($name))));
        }
    }
}
umask(022);
if (posix_geteuid() === 0) {
    // A web server's folder, used by root and by another user whom it lets in.
    $root = root_path() . '/shared';
    mkdir($root);
    chmod($root, 0777);
    chown($root, 33);
    chmod(root_path(), 0755);
    file_integer('k', new FileManager($root))->increment();
    if (($pid = pcntl_fork()) === 0) {
        posix_setgid(65534) && posix_setuid(65534);
        $lock = file_lock('k', new FileManager($root));
        exit(file_integer('k', new FileManager($root))->increment() === 2 && $lock->tryLock() && $lock->owner()->pid === getmypid() ? 0 : 1);
    }
    pcntl_waitpid($pid, $status);
    check(pcntl_wexitstatus($status) === 0 && file_lock('k', new FileManager($root))->unlock() && file_integer('k', new FileManager($root))->getValue() === 2, 'another user');
    // Who may only read, reads; and is told what it may not.
    $root = root_path() . '/mine';
    file_integer('k', new FileManager($root))->setValue(4);
    file_lock('k', new FileManager($root))->lock();
    if (($pid = pcntl_fork()) === 0) {
        posix_setgid(65534) && posix_setuid(65534);
        $n = file_integer('k', new FileManager($root));
        $text = thrown(function () use ($n) { $n->increment(); });
        $ok = $n->getValue() === 4 && file_lock('k', new FileManager($root))->exists() && strpos($text, 'PhpSync\Core\Exceptions\SyncOperationException: ') === 0 && strpos($text, 'permission denied');
        if (!$ok) echo $text, "\n";
        exit($ok ? 0 : 1);
    }
    pcntl_waitpid($pid, $status);
    check(pcntl_wexitstatus($status) === 0, 'a reader');
}
echo "done\n";
?>
--EXPECT--
done
