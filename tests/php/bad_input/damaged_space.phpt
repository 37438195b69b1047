--TEST--
A damaged or foreign file is a SyncOperationException, no crash
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$folder = substr(space_dsn(), strpos(space_dsn(), 'path=') + 5);
space()->getInteger('k')->setValue(1);
[$name] = array_values(array_diff(scandir($folder), ['.', '..']));
$whole = file_get_contents("$folder/$name", false, null, 0, 4096);
foreach (['empty' => '', 'short' => 'x', 'text' => str_repeat('hello', 2000), 'zeros' => str_repeat("\0", 8192), 'head' => $whole] as $how => $bytes) {
    unlink("$folder/$name");
    file_put_contents("$folder/$name", $bytes);
    chmod("$folder/$name", 0600);
    $child = new Child('echo preg_replace("/:.*/", "", thrown(function () { space()->getInteger("k")->increment(); })), "\n";');
    $line = $child->line();
    check($line === 'PhpSync\Core\Exceptions\SyncOperationException', "$how: $line");
    $status = $child->end(); check($status === 0, "$how: status $status");
}
unlink("$folder/$name");
symlink('/etc/passwd', "$folder/$name");
$child = new Child('echo preg_replace("/:.*/", "", thrown(function () { space(); })), "\n";');
$child->expect('PhpSync\Core\Exceptions\SyncOperationException');
echo "done\n";
?>
--EXPECT--
done
