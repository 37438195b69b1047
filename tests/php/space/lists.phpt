--TEST--
locks() and integers() list what exists; keys are strings
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$s = space();
check(iterator_count($s->locks()) === 0 && iterator_count($s->integers()) === 0, 'empty');
$keys = ['42', '-7', 'a', "b\0c", "\xff\xfe", str_repeat('k', 1023), '0', '/../etc', "it's \"q\""];
foreach ($keys as $n => $key) { $s->getLock($key)->lock(); $s->getInteger($key)->setValue($n * 10); }
$s->getLock('gone')->lock(); $s->getLock('gone')->unlock();
$seen = [];
foreach ($s->locks() as $key => $owner) {
    check(is_string($key) && $owner instanceof PhpSync\Owner && $owner->pid === getmypid(), 'key => Owner');
    check($owner->fence === $s->getLock($key)->lastFence(), 'the right owner');
    $seen[] = $key;
}
sort($seen, SORT_STRING); sort($keys, SORT_STRING);
check($seen === $keys, 'all Locks');
$seen = [];
foreach ($s->integers() as $key => $value) { check(is_string($key) && $value === $s->getInteger($key)->refresh(), 'key => int'); $seen[] = $key; }
sort($seen, SORT_STRING);
check($seen === $keys, 'all Integers');
$list = $s->integers();
check(iterator_count($list) === count($keys) && iterator_count($list) === count($keys), 'it rewinds');
check(!$list->valid() && $list->current() === null && $list->key() === null && $list->next() === null, 'past the end');
foreach ($s->integers() as $key => $value) foreach ($s->integers() as $k => $v) $s->getInteger($k)->delete();
check(iterator_count($s->integers()) === 0, 'deleting while listing');
echo thrown(function () use ($list) { clone $list; }), "\n";
echo thrown(function () use ($list) { serialize($list); }), "\n";
?>
--EXPECT--
Error: Trying to clone an uncloneable object of class PhpSync\Listing
Exception: Serialization of 'PhpSync\Listing' is not allowed
