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
// Where they can be reached as a table, they are a copy or it is an Error.
foreach ([$hold, space()->getLock('k')->owner()] as $object) {
    $before = get_object_vars($object);
    foreach ([
        function () use ($object) { foreach ($object as $name => &$value) $value = 'x'; },
        function () use ($object) { if (PHP_VERSION_ID < 80100) array_walk($object, function (&$value) { $value = 'x'; }); }, // later ones let it through
        function () use ($object) { $array = (array) $object; foreach ($array as &$value) $value = 'x'; },
        function () use ($object) { $array = get_object_vars($object); $array['fence'] = 1; },
        function () use ($object) { settype($object->fence, 'string'); },
        function () use ($object) { (new ReflectionProperty($object, 'fence'))->setValue($object, 1); },
    ] as $n => $change) {
        thrown($change);
        check(get_object_vars($object) === $before && $object->fence === $before['fence'], "table, change $n");
        $seen = [];
        foreach ($object as $name => $value) $seen[$name] = $value;
        check($seen === $before && var_export($seen, true) === var_export($before, true), "seen after change $n");
    }
}
gc_collect_cycles();
check($hold->expiresAt->getTimestamp() > time() && $hold->release(), 'objects are read, and used, as ever');
echo "done\n";
?>
--EXPECT--
done
