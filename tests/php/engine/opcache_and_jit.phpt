--TEST--
Everything works alike under opcache and its JIT
--SKIPIF--
<?php exec(escapeshellarg(PHP_BINARY) . ' -n -d zend_extension=opcache -m', $m); if (!in_array('Zend OPcache', $m)) echo 'skip no opcache'; ?>
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
foreach (['off', 'function', 'tracing'] as $jit) {
    $child = new Child('
        function work($i, $lock) { $sum = 0; for ($n = 0; $n < 20000; $n++) { $sum += $i->increment(1) - $i->getValue(); $lock->lock(); $lock->unlock(); $i->decrement("1"); } return $sum; }
        $i = space()->getInteger("k"); $lock = space()->getLock("k");
        echo work($i, $lock), " ", $i->increment(0), " ", function_exists("opcache_get_status") ? "opcache" : "none", "\n";',
        [], ['-d', 'zend_extension=opcache', '-d', 'opcache.enable_cli=1', '-d', 'opcache.jit_buffer_size=16M', '-d', "opcache.jit=$jit"]);
    $child->expect('0 0 opcache');
    check($child->end() === 0, $jit);
}
echo "done\n";
?>
--EXPECT--
done
