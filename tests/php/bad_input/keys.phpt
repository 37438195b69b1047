--TEST--
A Space takes keys of 1 to 1023 arbitrary bytes; another length is a ValueError that names the limit
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$s = space();
foreach (["\0", "\xff", "a\0b", "a\0c", '0', ' ', "\n", str_repeat("\0", 1023), '../../x', '%00', "';--"] as $n => $key) {
    check($s->getLock($key)->tryLock() && $s->getInteger($key)->increment($n) === $n && $s->getLock($key)->getKey() === $key, bin2hex($key));
}
use PhpSync\Generic\{Lock, Integer};
foreach (['', str_repeat('x', 1024), str_repeat('x', 100000)] as $bad) {
    foreach ([function () use ($s, $bad) { $s->getLock($bad); }, function () use ($s, $bad) { $s->getInteger($bad); },
              function () use ($s, $bad) { Lock::getInstance($bad, $s); }, function () use ($s, $bad) { Integer::getInstance($bad, $s); },
              function () use ($s, $bad) { $s->lock($bad); }, function () use ($s, $bad) { $s->increment($bad, 1); }] as $call) {
        $text = thrown($call);
        check(strpos($text, 'ValueError: ') === 0 && strpos($text, '1 to 1023 bytes') > 0, $text);
    }
}
class Text { function __toString() { return 'text'; } }
class Throwing { function __toString(): string { throw new DomainException('no text'); } }
var_dump($s->getLock(42)->getKey(), $s->getLock(1.5)->getKey(), $s->getLock(true)->getKey(), $s->getLock(new Text)->getKey(), Integer::getInstance(new Text, $s)->getKey());
foreach ([null, [], new stdClass, new Throwing, fopen('php://memory', 'r')] as $bad) {
    echo thrown(function () use ($s, $bad) { $s->getLock($bad); }), "\n";
    echo thrown(function () use ($s, $bad) { Integer::getInstance($bad, $s); }), "\n";
}
?>
--EXPECT--
string(2) "42"
string(3) "1.5"
string(1) "1"
string(4) "text"
string(4) "text"
TypeError: PhpSync\Space::getLock(): Argument #1 ($key) must be of type string, null given
TypeError: PhpSync\Generic\Integer::getInstance(): Argument #1 ($key) must be of type string, null given
TypeError: PhpSync\Space::getLock(): Argument #1 ($key) must be of type string, array given
TypeError: PhpSync\Generic\Integer::getInstance(): Argument #1 ($key) must be of type string, array given
TypeError: PhpSync\Space::getLock(): Argument #1 ($key) must be of type string, stdClass given
TypeError: PhpSync\Generic\Integer::getInstance(): Argument #1 ($key) must be of type string, stdClass given
DomainException: no text
DomainException: no text
TypeError: PhpSync\Space::getLock(): Argument #1 ($key) must be of type string, resource given
TypeError: PhpSync\Generic\Integer::getInstance(): Argument #1 ($key) must be of type string, resource given
