--TEST--
A process that opens one space after the other does not gather them; those in use stay
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$dsn = function (int $n) { return str_replace('test?', "s$n?", space_dsn()); };
$first = PhpSync\Space::open($dsn(0));
$first->setValue('n', 7);
$hold = PhpSync\Space::open($dsn(1))->getLock('k')->hold();
for ($n = 2, $most = 0; $n < 300; $n++) {
    PhpSync\Space::open($dsn($n))->increment('n', $n);
    $most = max($most, count(scandir('/proc/self/fd')));
}
check($most < 200, "at most $most descriptors");
check($first->getValue('n') === 7 && $hold->isValid() && PhpSync\Space::open($dsn(1))->exists('k'), 'those in use');
check(PhpSync\Space::open($dsn(5))->getValue('n') === 5, 'an earlier one is opened again');
echo "done\n";
?>
--EXPECT--
done
