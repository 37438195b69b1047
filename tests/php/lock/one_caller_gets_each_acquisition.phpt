--TEST--
Of 8 processes that lock() in turn never two are inside
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$children = [];
for ($i = 0; $i < 8; $i++) {
    $children[] = new Child('
        $lock = space()->getLock("gate"); $inside = space()->getInteger("inside"); hear();
        for ($n = 0; $n < 200; $n++) {
            $lock->lock();
            check($inside->increment() === 1, "alone inside");
            check($inside->decrement() === 0, "alone inside");
            check($lock->unlock(), "own unlock");
        }
        say("done");');
}
foreach ($children as $child) $child->send('go');
foreach ($children as $child) { $child->expect('done'); check($child->end() === 0, 'exit code'); }
echo "done\n";
?>
--EXPECT--
done
