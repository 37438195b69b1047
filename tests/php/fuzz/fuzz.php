<?php
// SPDX-License-Identifier: BSD-3-Clause
//
// A random sequence of calls on every class of the extension:  fuzz.php SEED CALLS FOLDER
//
// The classes and methods are asked of the extension itself, so new ones take part by being there. Things of all kinds
// live in a few drawers; a step takes one out and calls a method with arguments that fit more or less, looks at a
// property, clones, serialises, compares, drops it, forks, or makes an object around its constructor. What it
// draws depends on the seed alone, not on results. A sibling sends signals; a call that blocks for long is left by an
// exception from the handler, and handlers make calls too. Anything may be thrown; nothing may crash.

namespace Fuzz;

use PhpSync\Core;
use PhpSync\Drivers\FileSystem as Files;
use PhpSync\Generic;
use PhpSync\Space;

[, $seed, $calls, $folder] = $argv;
mt_srand((int) $seed);
chdir($folder);

// A driver as a user may write one: its results are of any kind, and it may call back.
final class Driver implements Generic\LockSyncDriverInterface, Generic\IntegerSyncDriverInterface
{
    private function answer(...$choices)
    {
        if (mt_rand(0, 3) === 0) {
            $class = [\Exception::class, \Error::class, Core\Exceptions\SyncOperationException::class,
                Core\Exceptions\IntegerDoesNotExistException::class][mt_rand(0, 3)];
            throw new $class('from the driver');
        }
        if (mt_rand(0, 9) === 0) {
            Drawers::step();
        }
        return $choices[mt_rand(0, \count($choices) - 1)];
    }

    public function lock(string $key) { return $this->answer(null, [str_repeat('x', mt_rand(10, 99))]); }
    public function unlock(string $key): bool { return $this->answer(true, false); }
    public function wait(string $key) { return $this->answer(null, str_repeat('x', mt_rand(10, 99))); }
    public function exists(string $key): bool { return $this->answer(true, false); }
    public function setValue(string $key, int $value): int { return $this->answer($value, 0); }
    public function getValue(string $key): int { return $this->answer(1, PHP_INT_MIN); }
    public function increment(string $key, int $by): int { return $this->answer($by, PHP_INT_MAX); }
    public function hasValue(string $key): bool { return $this->answer(true, false); }
    public function delete(string $key) { return $this->answer(null, 'x'); }
}

final class Manager implements Generic\SingletonManagerInterface
{
    private $kept = [];
    public function get(string $key, string $class)
    {
        return mt_rand(0, 9) ? $this->kept[$class][$key] ?? null : new \stdClass;
    }
    public function set(string $key, string $class, $instance) { $this->kept[$class][$key] = $instance; }
    public function remove(string $key, string $class) { unset($this->kept[$class][$key]); }
    public function has(string $key, string $class): bool
    {
        if (mt_rand(0, 9) === 0) {
            throw new \Exception('from the manager');
        }
        return mt_rand(0, 9) ? isset($this->kept[$class][$key]) : true;
    }
}

// Leaves a call that blocks: every signal of the sibling is looked at here.
final class Bell
{
    public static $since;
    public static $inside = 0;

    public static function ring(): void
    {
        if (self::$inside > 2) {
            return;
        }
        if (self::$since !== null && hrtime(true) - self::$since > 20e6) {
            self::$since = null;
            throw new \Exception('it blocks');
        }
    }
}

final class Drawers
{
    // Always there: a driver and a manager written in PHP, and two spaces; what a step made comes behind them.
    private const DRIVER = 0, MANAGER = 1, SPACE = 2, OTHER_SPACE = 3, FIRST = 4, LAST = 15;
    private static $things = [];
    private static $methods = [];
    private static $classes = [];
    private static $depth = 0;

    public static function begin(): void
    {
        foreach ((new \ReflectionExtension('phpsync'))->getClasses() as $class) {
            if ($class->isInterface() || $class->isTrait()) {
                continue;
            }
            self::$classes[] = $class;
            foreach ($class->getMethods() as $method) {
                if ($method->isPublic() && $method->getDeclaringClass()->getExtensionName() === 'phpsync') {
                    self::$methods[] = $method;
                }
            }
        }
        self::$things = [new Driver, new Manager, Space::open('shm://a?path=' . getcwd() . '&size=256K'),
            Space::open('shm://b?path=' . getcwd() . '&size=256K')] + array_fill(0, self::LAST + 1, null);
    }

    private static function text(): string
    {
        static $texts = ['a', 'b', 'c', '', "\0", '../x', "\xff\xfe", '42', '-1', 'a b', 'locks', 'x/y', 'PhpSync\Generic\Lock'];
        $choice = mt_rand(0, \count($texts) + 1);
        $length = mt_rand(0, 1100);
        return $texts[$choice] ?? str_repeat('k', $length);
    }

    private static function dsn()
    {
        static $dsns = ['shm://a?size=256K&path=', 'shm://b?size=256K&path=', 'shm://?', 'shm://a?path=missing', '',
            'redis://me:secret@127.0.0.1:1?timeout=0.01', 'shm://a?mode=0999&path=', 'shm', "shm://a\0b", 'shm://a?timeout=0.001&path='];
        $choice = mt_rand(0, \count($dsns) + 1);
        $dsn = $dsns[$choice] ?? ($choice % 2 ? 'file://' : 'file://?durable=1');
        if (substr($dsn, -5) === 'path=') {
            return $dsn . getcwd();
        }
        return str_replace('file://', 'file://' . getcwd() . '/space', $dsn);
    }

    private static function thing()
    {
        return self::$things[mt_rand(0, \count(self::$things) - 1)];
    }

    // Any value, whatever is asked for.
    private static function anything()
    {
        $number = mt_rand(-3, 3);
        $text = self::text();
        $thing = self::thing();
        $values = [null, true, false, $number, PHP_INT_MAX, PHP_INT_MIN, 1.5, NAN, INF, -INF, 1e300, $text, [], [$number],
            new \stdClass, $thing, fopen('php://memory', 'r'), static function (...$all) use ($number) {
                if ($number > 1) {
                    throw new \Exception('from a callback');
                }
                return $all;
            }];
        return $values[mt_rand(0, \count($values) - 1)];
    }

    // Mostly what the parameter wants.
    private static function argument(\ReflectionParameter $parameter)
    {
        $any = self::anything();
        $text = self::text();
        $dsn = self::dsn();
        $thing = self::thing();
        $number = mt_rand(-2, 5);
        $step = mt_rand(0, 1);
        $odd = mt_rand(0, 9) === 0;
        if ($odd) {
            return $any;
        }
        switch ($parameter->getName()) {
            case 'key': case 'category': case 'className': return $text;
            case 'dsn': return $dsn;
            case 'rootPath': case 'path': return 'root' . $step;
            case 'fileName': return getcwd() . '/root' . $step . '/sub/' . md5($text);
            case 'mode': return ['r', 'r+', 'w+', 'c+', 'x', ''][$number + 0 < 0 ? 5 : min($number, 5)];
            case 'timeout': case 'lease': return [0.0, 0.001, 0.0, 0.01, null, 0, 0.0001, 3600][$number + 2];
            case 'fn':
                return static function (...$all) use ($step) {
                    self::step();
                    if ($step) {
                        throw new \Exception('from fn');
                    }
                    return $all;
                };
            case 'value': case 'by': case 'expected': case 'new': case 'fence': return $number;
            case 'driver':
                if ($step) {
                    return self::find([Files\FileSystemLockSyncDriver::class, Files\FileSystemIntegerSyncDriver::class][$number & 1], 0);
                }
                return self::$things[[self::SPACE, self::SPACE, self::OTHER_SPACE, self::DRIVER][$number & 3]];
            case 'singletonManager': return $step ? null : self::$things[self::MANAGER];
            case 'manager': return self::find(Files\FileManager::class, $number + 2);
            case 'instance': return $thing;
        }
        return $any;
    }

    // Calls any method; on an object of its class if a drawer has one.
    private static function call()
    {
        $method = self::$methods[mt_rand(0, \count(self::$methods) - 1)];
        $arguments = array_map(static fn ($parameter) => self::argument($parameter), $method->getParameters());
        $surplus = mt_rand(0, 9);
        if ($surplus === 0) {
            $arguments[] = 1;
        } elseif ($surplus === 1) {
            array_pop($arguments);
        }
        $start = mt_rand(0, \count(self::$things) - 1);
        $unmade = mt_rand(0, 29) === 0;
        if ($method->isStatic()) {
            return $method->invokeArgs(null, $arguments);
        }
        if ($method->isConstructor()) {
            return new $method->class(...$arguments);
        }
        $target = $unmade ? (new \ReflectionClass($method->class))->newInstanceWithoutConstructor()
            : self::find($method->class, $start);
        return $target->{$method->getName()}(...$arguments);
    }

    // An object of the class from a drawer, or a new one as it is usually made.
    private static function find(string $class, int $start)
    {
        for ($i = 0; $i < \count(self::$things); $i++) {
            $thing = self::$things[($start + $i) % \count(self::$things)];
            if ($thing instanceof $class) {
                return $thing;
            }
        }
        $space = self::$things[self::SPACE + $start % 2];
        switch ($class) {
            case Generic\Lock::class: return $space->getLock('a');
            case Generic\Integer::class: return $space->getInteger('a');
            case \PhpSync\Hold::class: return $space->getLock('b')->hold(0.0, $start % 3 ? 1.0 : null);
            case \PhpSync\Owner::class: return $space->getLock('b')->owner();
            case Files\FileManager::class: return new $class(getcwd() . '/root');
            case Files\FileSystemLockSyncDriver::class:
            case Files\FileSystemIntegerSyncDriver::class:
                return new $class(new Files\FileManager(getcwd() . '/root'));
            case \PhpSync\Listing::class: return $start % 3 ? $space->locks() : $space->integers();
        }
        return new $class(...array_fill(0, 1, is_a($class, Generic\SingletonManager::class, true) ? null : 'root'));
    }

    private static function look()
    {
        $thing = self::thing();
        $other = self::thing();
        $name = ['key', 'fence', 'expiresAt', 'host', 'alive', 'nothing', 'instances', 'manager', "\0x"][mt_rand(0, 8)];
        $how = mt_rand(0, 13);
        if (!\is_object($thing)) {
            return null;
        }
        switch ($how) {
            case 0: return $thing->$name;
            case 1: return $thing->$name = $other;
            case 2: unset($thing->$name); return null;
            case 3: return isset($thing->$name);
            case 4: $reference = &$thing->$name; return $reference;
            case 5: return clone $thing;
            case 6: return serialize($thing);
            case 7: return unserialize(sprintf('O:%d:"%s":0:{}', \strlen(\get_class($thing)), \get_class($thing)));
            case 8: return (array) $thing;
            case 9: return $thing == $other;
            case 10: return json_encode($thing) . var_export($thing, true) . print_r($thing, true);
            case 11: foreach ($thing as $key => $value) { $last = $value; } return $last ?? null;
            case 12: $thing->$name++; return null;
            default: return var_export($thing instanceof \Traversable ? iterator_to_array($thing) : null, true);
        }
    }

    private static function fork(): void
    {
        $end = mt_rand(0, 2);
        $seed = mt_rand();
        $child = pcntl_fork();
        if ($child === 0) {
            mt_srand($seed);
            for ($i = 0; $i < 5; $i++) {
                self::step();
            }
            if ($end === 0) {
                posix_kill(getmypid(), SIGKILL);
            }
            exit(0);
        }
        while (pcntl_waitpid($child, $status) === -1 && pcntl_get_last_error() === PCNTL_EINTR) {
            continue;
        }
        if (pcntl_wifsignaled($status) ? pcntl_wtermsig($status) !== SIGKILL : pcntl_wexitstatus($status) !== 0) {
            fwrite(STDERR, "the forked child failed\n");
            exit(3);
        }
    }

    private static function act()
    {
        $what = mt_rand(0, 299);
        if ($what < 200) {
            return self::call();
        }
        if ($what < 270) {
            return self::look();
        }
        if ($what < 280) {
            gc_collect_cycles();
            return null;
        }
        if ($what < 285) {
            return self::$classes[mt_rand(0, \count(self::$classes) - 1)]->newInstanceWithoutConstructor();
        }
        if ($what < 290) {
            return Space::open(self::dsn());
        }
        if ($what < 291 && self::$depth === 1) {
            self::fork();
        }
        $key = self::text();
        return mt_rand(0, 1) ? self::$things[self::SPACE]->getLock($key) : self::$things[self::SPACE]->getInteger($key);
    }

    public static function step(): void
    {
        if (self::$depth >= 3) {
            return;
        }
        self::$depth++;
        $drawer = mt_rand(self::FIRST, self::LAST);
        $keep = mt_rand(0, 3) > 0;
        try {
            Bell::$since = hrtime(true);
            $result = self::act();
            if ($keep && (\is_object($result) || $drawer === self::LAST)) {
                self::$things[$drawer] = $result;
            }
        } catch (\Throwable $thrown) {
            $thrown->getMessage();
            $thrown->getTraceAsString();
        } finally {
            self::$depth--;
        }
        unset($result, $thrown);
    }

    public static function end(): void
    {
        self::$things = [];
    }
}

pcntl_async_signals(true);
pcntl_signal(SIGUSR1, static function () {
    Bell::$inside++;
    try {
        Bell::ring();
    } finally {
        Bell::$inside--;
    }
}, false);

// The sibling: signals until this process is gone.
$parent = getmypid();
$sibling = pcntl_fork();
if ($sibling === 0) {
    while (posix_getppid() === $parent) {
        posix_kill($parent, SIGUSR1);
        usleep(4000);
    }
    exit(0);
}
set_error_handler(static fn () => true);
try {
    Drawers::begin();
    for ($i = 0; $i < $calls; $i++) {
        try {
            Drawers::step();
        } catch (\Throwable $late) {
            // A signal between two steps.
        }
    }
    Bell::$since = null;
    Drawers::end();
} finally {
    pcntl_signal(SIGUSR1, SIG_IGN);
    posix_kill($sibling, SIGKILL);
    pcntl_waitpid($sibling, $status);
}
echo "done\n";
