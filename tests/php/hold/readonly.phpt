--TEST--
What a script tries on a Hold's and an Owner's properties leaves them as they are
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$hold = space()->getLock('k')->hold(null, 60);
foreach ([[$hold, 'fence'], [$hold, 'key'], [space()->getLock('k')->owner(), 'pid']] as [$object, $name]) {
    $value = $object->$name;
    foreach ([
        function () use ($object, $name) { $object->$name = 'x'; },
        function () use ($object, $name) { $object->$name++; },
        function () use ($object, $name) { $reference = &$object->$name; $reference = 'x'; },
        function () use ($object, $name) { $object->$name .= 'x'; },
        function () use ($object, $name) { $object->$name[0] = 'x'; },
        function () use ($object, $name) { unset($object->$name); },
    ] as $n => $change) {
        check(strpos(thrown($change), 'Error: Cannot') === 0, "change $n of $name: " . thrown($change));
        check($object->$name === $value, "$name after change $n");
    }
}
check($hold->expiresAt->getTimestamp() > time() && $hold->release(), 'objects are read, and used, as ever');
echo "done\n";
?>
--EXPECT--
done
