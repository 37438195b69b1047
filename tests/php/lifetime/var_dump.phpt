--TEST--
var_dump() shows what an object stands for, and no password
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$s = space();
ob_start(); var_dump($s, $s->getLock('key of lock'), $s->getInteger('key of integer')); print_r($s->getLock('key of lock')); var_export([$s->getInteger('key of integer')]); var_dump((array) $s->getLock('key of lock'));
$text = ob_get_clean();
check(substr_count($text, 'key of lock') === 2 && substr_count($text, '"key of integer"') === 1 && substr_count($text, 'shm://test') >= 3, $text);
$s->getInteger('i')->setValue(77);
ob_start(); var_dump($s->getInteger('i'));
check(strpos(ob_get_clean(), '["knownValue"]=>
  int(77)') !== false, 'the KNOWN VALUE');
class Sub extends PhpSync\Generic\Lock { public $more = 'more'; }
ob_start(); var_dump((new ReflectionClass('Sub'))->newInstanceWithoutConstructor());
check(strpos(ob_get_clean(), 'more') !== false, 'a subclass shows its own');
try { PhpSync\Space::open('foo://user:secret@host/'); } catch (Exception $e) { check(strpos((string) $e, 'secret') === false, (string) $e); }
echo "done\n";
?>
--EXPECT--
done
