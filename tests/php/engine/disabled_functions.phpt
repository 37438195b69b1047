--TEST--
Nothing relies on functions that disable_functions may take away
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$all = implode(',', array_diff(get_defined_functions()['internal'], ['dirname', 'fwrite', 'fflush', 'fgets', 'rtrim', 'getenv', 'is_string', 'exit', 'die']));
$child = new Child('
    $s = PhpSync\Space::open(getenv("PHPSYNC_TEST_DSN"));
    $lock = $s->getLock("k"); $lock->lock();
    fwrite(STDOUT, $lock->owner()->acquiredAt instanceof DateTimeImmutable ? "owner\n" : "no\n");
    $lock->unlock(); $hold = $lock->hold(1, 500.0); $hold->renew(300.0);
    foreach ($s->locks() as $key => $owner) fwrite(STDOUT, "$key\n");
    fwrite(STDOUT, $s->getInteger("i")->increment() . "\n");', [], ['-d', "disable_functions=$all"]);
$child->expect('owner')->expect('k')->expect('1');
echo $child->end(), "\n";
?>
--EXPECT--
0
