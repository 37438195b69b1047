--TEST--
A lease runs out by itself; renew() gives a new one; a lost one says so
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$lock = space()->getLock('k');
$before = microtime(true);
$hold = $lock->hold(null, 100);
$expires = (float) $hold->expiresAt->format('U.u');
check($expires > $before + 99.9 && $expires < microtime(true) + 100.1, 'expiresAt');
$hold->renew(200);
check((float) $hold->expiresAt->format('U.u') > $expires + 90, 'renew() moves it');
check($hold->isValid() && $lock->exists(), 'renewed');
$hold->renew(0.1);
$start = hrtime(true);
$lock->wait();
$took = (hrtime(true) - $start) / 1e9;
check($took < 30, "wait() ends with the lease: $took");
check(!$hold->isValid() && !$lock->exists() && !$hold->release(), 'run out');
try { $hold->renew(1); echo "renewed\n"; } catch (PhpSync\Core\Exceptions\LeaseLostException $e) { echo get_class($e), "\n"; }
foreach ([0, -1, NAN, INF, 'x', null] as $bad) echo strtok(thrown(function () use ($hold, $bad) { $hold->renew($bad); }), ':'), "\n";
?>
--EXPECT--
PhpSync\Core\Exceptions\LeaseLostException
ValueError
ValueError
ValueError
ValueError
TypeError
TypeError
