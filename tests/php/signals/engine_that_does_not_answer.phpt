--TEST--
Handlers run while any call waits for a far engine's answer, and may leave what the engine has not got yet
--SKIPIF--
<?php
ob_start();
phpinfo(INFO_MODULES);
if (!preg_match('/^Drivers => .*\bredis\b/m', ob_get_clean())) die('skip the driver for Redis was not built in');
?>
--FILE--
<?php
pcntl_async_signals(true);
/* It accepts connections, as the kernel does for it, and never says a word. */
$socket = tempnam(sys_get_temp_dir(), 'phpsync');
unlink($socket);
$server = stream_socket_server("unix://$socket");
$space = PhpSync\Space::open("redis+unix://$socket?timeout=3");
$lock = $space->getLock('lock');

function within(callable $call): void
{
    pcntl_alarm(1);
    try {
        var_dump($call());
    } catch (Throwable $thrown) {
        for (; $thrown; $thrown = $thrown->getPrevious()) {
            printf("%s: %s\n", get_class($thrown), preg_replace('/.*(out of reach).*/', '... $1 ...', $thrown->getMessage()));
        }
    }
}

pcntl_signal(SIGALRM, function () { echo "handled\n"; });
within(function () use ($lock) { return $lock->exists(); });

pcntl_signal(SIGALRM, function () { throw new LogicException('from the handler'); });
within(function () use ($lock) { return $lock->exists(); });
within(function () use ($lock) { return $lock->lock(); });
within(function () use ($space) { return $space->increment('integer', 1); });

pcntl_signal(SIGALRM, function () use ($socket) { unlink($socket); exit("exit\n"); });
within(function () use ($lock) { return $lock->unlock(); });
echo "not reached\n";
?>
--EXPECT--
handled
PhpSync\Core\Exceptions\SyncOperationException: ... out of reach ...
LogicException: from the handler
LogicException: from the handler
LogicException: from the handler
exit
