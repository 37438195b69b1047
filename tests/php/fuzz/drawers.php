<?php
// SPDX-License-Identifier: BSD-3-Clause
//
// The drawers with things of all kinds, and the steps that take them out. What no step can see by itself is said by
// Drawers::wrong(): a key of a list that nobody ever used, a call with too few arguments that goes through.

namespace Fuzz;

use PhpSync\Drivers\FileSystem as Files;
use PhpSync\Generic;
use PhpSync\Hold;
use PhpSync\Listing;
use PhpSync\Owner;
use PhpSync\Space;

final class Drawers
{
    // Always there; what a step made comes behind them.
    private const DRIVER = 0, MANAGER = 1, HEIR = 2, SPACE = 3, OTHER_SPACE = 4, FILES = 5, OWN_FILES = 6, FILE_LOCK = 7,
        FILE_INTEGER = 8, OWN_LOCK = 9, OWN_INTEGER = 10, FIRST = 11, LAST = 24;
    private const DEEPEST = 3;
    private const TEXTS = ['a', 'b', 'c', '', "\0", '../x', "\xff\xfe", '42', '-1', 'a b', 'locks', 'x/y', 'PhpSync\Generic\Lock'];
    private static $things = [];
    private static $methods = [];
    private static $methods_of = [];
    private static $classes = [];
    private static $depth = 0;
    private static $busy; // what the latest call was made on

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
                    self::$methods_of[$class->getName()][] = $method;
                }
            }
        }
        $files = new Files\FileManager(getcwd() . '/root0');
        self::$things = array_fill(0, self::LAST + 1, null);
        self::$things[self::DRIVER] = new Driver;
        self::$things[self::MANAGER] = new Manager;
        self::$things[self::HEIR] = new Heir;
        self::$things[self::SPACE] = Space::open('shm://a?path=' . getcwd() . '&size=256K');
        self::$things[self::OTHER_SPACE] = Space::open('shm://b?path=' . getcwd() . '&size=256K');
        self::$things[self::FILES] = $files;
        self::$things[self::OWN_FILES] = new FileManager(getcwd() . '/root1');
        self::$things[self::FILE_LOCK] = Generic\Lock::getInstance('file', new Files\FileSystemLockSyncDriver($files));
        self::$things[self::FILE_INTEGER] = Generic\Integer::getInstance('file', new Files\FileSystemIntegerSyncDriver($files));
        self::$things[self::OWN_LOCK] = Generic\Lock::getInstance('own', self::driver(2));
        do {
            try {
                self::$things[self::OWN_INTEGER] = Generic\Integer::getInstance('own', self::driver(3));
            } catch (\Throwable $thrown) {
                $thrown->getMessage(); // of our own FileManager, which is asked at once
            }
        } while (self::$things[self::OWN_INTEGER] === null);
    }

    public static function end(): void
    {
        self::$depth = self::DEEPEST; // no more steps: nothing would wake one that blocks
        self::$busy = null;
        self::$things = [];
        gc_collect_cycles();
    }

    private static function wrong(string $what): void
    {
        pcntl_sigprocmask(SIG_BLOCK, [SIGUSR1]);
        fwrite(STDERR, $what . "\n" . (new \Exception)->getTraceAsString() . "\n");
        exit(3);
    }

    // ---- what is drawn ----------------------------------------------------------------

    private static function text(): string
    {
        $choice = Dice::roll(0, \count(self::TEXTS) + 5);
        $length = Dice::roll(0, 1100);
        return self::TEXTS[$choice] ?? str_repeat('k', $length);
    }

    // Whether a key can have come from text(), from a value of another type, or from what stands for a key that is too long.
    private static function may_be_key(string $key): bool
    {
        return $key !== '' && (\in_array(preg_replace('/(?<=.)[0-9]\z/s', '', $key), self::TEXTS, true) || \in_array($key, self::TEXTS, true)
            || is_numeric($key) || preg_match('~\A(k{1,1023}[0-9]?|md5:[0-9a-f]{32}|-?INF|NAN|file|own|[0-9])\z~', $key));
    }

    private static function dsn()
    {
        static $dsns = ['shm://a?size=256K&path=', 'shm://b?size=256K&path=', 'shm://?', 'shm://a?path=missing', '',
            'redis://me:secret@127.0.0.1:1?timeout=0.01', 'shm://a?mode=0999&path=', 'shm', "shm://a\0b", 'shm://a?timeout=0.001&path='];
        $choice = Dice::roll(0, \count($dsns) + 1);
        $dsn = $dsns[$choice] ?? ($choice % 2 ? 'file://' : 'file://?durable=1');
        if (substr($dsn, -5) === 'path=') {
            return $dsn . getcwd();
        }
        return str_replace('file://', 'file://' . getcwd() . '/space', $dsn);
    }

    private static function thing()
    {
        return Dice::one(self::$things);
    }

    // Any value, whatever is asked for.
    private static function anything()
    {
        $number = Dice::roll(-3, 3);
        $text = self::text();
        $thing = self::thing();
        $values = [null, true, false, $number, PHP_INT_MAX, PHP_INT_MIN, 1.5, NAN, INF, -INF, 1e300, $text, [], [$number],
            new \stdClass, $thing, fopen('php://memory', 'r'), new Text($text), Trap::class, Driver::class,
            static function (...$all) use ($number) {
                if ($number > 1) {
                    throw new \Exception('from a callback');
                }
                return $all;
            }];
        $value = Dice::one($values);
        return \in_array($value, [Trap::class, Driver::class], true) ? new $value : $value; // what strikes when it goes is made for use alone
    }

    private static function driver(int $number)
    {
        switch ($number) {
            case 0: return self::find(Files\FileSystemLockSyncDriver::class, 0);
            case 1: return self::find(Files\FileSystemIntegerSyncDriver::class, 0);
            case 2: return new Files\FileSystemLockSyncDriver(self::$things[self::OWN_FILES]);
            case 3: return new IntegerDriver(self::$things[self::OWN_FILES]);
            case 4: return new Driver;
            case 5: return self::$things[self::DRIVER];
            case 6: return self::$things[self::OTHER_SPACE];
            default: return self::$things[self::SPACE];
        }
    }

    // Mostly what the parameter wants.
    private static function argument(\ReflectionParameter $parameter)
    {
        $any = self::anything();
        $text = self::text();
        $dsn = self::dsn();
        $thing = self::thing();
        $number = Dice::roll(-2, 5);
        $driver = Dice::roll(0, 9);
        $step = Dice::roll(0, 1);
        if (Dice::rarely(10)) {
            return $any;
        }
        switch ($parameter->getName()) {
            case 'key': case 'category': case 'className': return $number === 5 ? new Text($text) : $text;
            case 'dsn': return $number === 5 ? new Text($dsn) : $dsn;
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
            case 'driver': return self::driver($driver);
            case 'singletonManager': return $step ? null : self::$things[$number < 3 ? self::MANAGER : self::HEIR];
            case 'manager': return $number < 3 ? self::$things[$number < 1 ? self::FILES : self::OWN_FILES]
                : self::find(Files\FileManager::class, $number);
            case 'instance': return $number < 2 ? new Trap : $thing;
        }
        return $any;
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
            case Hold::class: return $space->getLock('b')->hold(0.0, $start % 3 ? 1.0 : null);
            case Owner::class: return $space->getLock('b')->owner();
            case Files\FileManager::class: return new $class(getcwd() . '/root');
            case Files\FileSystemLockSyncDriver::class:
            case Files\FileSystemIntegerSyncDriver::class:
                return new $class(new Files\FileManager(getcwd() . '/root'));
            case Listing::class: return $start % 3 ? $space->locks() : $space->integers();
        }
        return new $class(...array_fill(0, 1, is_a($class, Generic\SingletonManager::class, true) ? null : 'root'));
    }

    // ---- what is done --------------------------------------------------------------------

    // Calls any method; on an object of its class if a drawer has one.
    private static function call()
    {
        $method = Dice::one(self::$methods);
        $arguments = self::arguments($method);
        $start = Dice::roll(0, \count(self::$things) - 1);
        $unmade = Dice::rarely(30);
        if ($method->isStatic() || $method->isConstructor()) {
            return self::invoke($method, null, $arguments);
        }
        return self::invoke($method, $unmade ? (new \ReflectionClass($method->class))->newInstanceWithoutConstructor()
            : self::find($method->class, $start), $arguments);
    }

    private static function arguments(\ReflectionMethod $method): array
    {
        $arguments = array_map(static fn ($parameter) => self::argument($parameter), $method->getParameters());
        $surplus = Dice::roll(0, 9);
        if ($surplus === 0) {
            $arguments[] = 1;
        } elseif ($surplus < 3) {
            array_pop($arguments);
        }
        return $arguments;
    }

    private static function invoke(\ReflectionMethod $method, $target, array $arguments)
    {
        $needed = $method->getNumberOfRequiredParameters();
        $name = $method->class . '::' . $method->getName();
        self::$busy = $target;
        try {
            if ($method->isConstructor()) {
                $result = new $method->class(...$arguments);
            } else {
                $result = $method->isStatic() ? $method->invokeArgs(null, $arguments) : $target->{$method->getName()}(...$arguments);
            }
        } catch (\ArgumentCountError $error) {
            $by = $error->getTrace()[0];
            if (($by['class'] ?? '') . '::' . $by['function'] === $name && \count($arguments) >= $needed
                && \count($arguments) <= $method->getNumberOfParameters()) {
                self::wrong("$name says that arguments lack, or are too many: " . $error->getMessage());
            }
            throw $error;
        }
        if (\count($arguments) < $needed) {
            self::wrong("$name goes without arguments that it needs");
        }
        return $result;
    }

    // Calls any method of a thing's class on it.
    private static function employ($thing)
    {
        $methods = \is_object($thing) ? self::$methods_of[\get_class($thing)] ?? null : null;
        if ($methods === null) {
            return null;
        }
        $method = Dice::one($methods);
        return $method->isConstructor() ? null : self::invoke($method, $method->isStatic() ? null : $thing, self::arguments($method));
    }

    private static function walk($thing)
    {
        $last = null;
        foreach ($thing as $key => $value) {
            if ($thing instanceof Listing && !(\is_string($key) && self::may_be_key($key))) {
                self::wrong('a list has the key ' . json_encode($key, JSON_PARTIAL_OUTPUT_ON_ERROR) . ' ' . bin2hex((string) $key));
            }
            if (Dice::rarely(20)) {
                self::step();
            }
            $last = $value;
        }
        return $last;
    }

    private static function look()
    {
        $thing = self::thing();
        $other = self::thing();
        $text = self::text();
        $name = Dice::one(['key', 'fence', 'expiresAt', 'host', 'alive', 'nothing', 'instances', 'manager', "\0x"]);
        $how = Dice::roll(0, 13);
        if (!\is_object($thing)) {
            return null;
        }
        switch ($how) {
            case 0: return $thing->$name;
            case 1: return $thing->$name = \is_scalar($other) ? $other : $text; // no cycles, which would live to the end
            case 2: unset($thing->$name); return null;
            case 3: return isset($thing->$name);
            case 4: $reference = &$thing->$name; return $reference;
            case 5: return self::employ(clone $thing);
            case 6: return serialize($thing);
            case 7: return unserialize(sprintf('O:%d:"%s":0:{}', \strlen(\get_class($thing)), \get_class($thing)));
            case 8: return (array) $thing;
            case 9: return $thing == $other;
            case 10: return json_encode($thing) . var_export($thing, true) . print_r($thing, true);
            case 11: return self::walk($thing);
            case 12: $thing->$name++; return null;
            default: return var_export($thing instanceof \Traversable ? iterator_to_array($thing) : null, true);
        }
    }

    private static function spoil()
    {
        $key = self::text();
        $value = self::anything();
        self::$things[self::HEIR]->spoil($key, $value);
        return self::$things[self::HEIR];
    }

    // A Lock or an Integer by way of a manager, of few keys, so that it often has one.
    private static function keep()
    {
        $class = Dice::one([Generic\Lock::class, Generic\Integer::class]);
        $key = Dice::one(['a', 'b']);
        $driver = Dice::one([self::DRIVER, self::SPACE]);
        $manager = Dice::one([self::MANAGER, self::HEIR]);
        if (Dice::rarely(2)) {
            return self::$things[self::HEIR]->set($key, $class, new Trap);
        }
        return $class::getInstance($key, self::$things[$driver], self::$things[$manager]);
    }

    // A forked child: a few steps, and an end.
    private static function live(int $seed, int $end): void
    {
        try {
            mt_srand($seed);
            for ($i = 0; $i < 5; $i++) {
                self::step();
            }
        } catch (\Throwable $late) {
            // A signal at the very end of a step.
        }
        if ($end === 0) {
            posix_kill(getmypid(), SIGKILL);
        }
        exit(0);
    }

    private static function fork(): void
    {
        $end = Dice::roll(0, 2);
        $seed = Dice::roll(0, 1 << 30);
        Bell::$since = null; // nobody may be thrown out of here
        $child = pcntl_fork();
        if ($child === 0) {
            self::live($seed, $end);
        }
        while (pcntl_waitpid($child, $status) === -1 && pcntl_get_last_error() === PCNTL_EINTR) {
            posix_kill($child, SIGUSR1); // it has no sibling of its own
        }
        // PHP gives up its handlers as it ends: the next signal may be its last.
        $by = pcntl_wifsignaled($status) ? pcntl_wtermsig($status) : 0;
        if (!\in_array($by, [0, SIGKILL, SIGUSR1], true) || ($by === 0 && pcntl_wexitstatus($status) !== 0)) {
            self::wrong('the forked child failed: ' . $status);
        }
    }

    private static function act()
    {
        $what = Dice::roll(0, 299);
        if ($what < 190) {
            return self::call();
        }
        if ($what < 265) {
            return self::look();
        }
        if ($what < 267) {
            return self::spoil();
        }
        if ($what < 278) {
            return self::keep();
        }
        if ($what < 280) {
            gc_collect_cycles();
            return null;
        }
        if ($what < 285) {
            return Dice::one(self::$classes)->newInstanceWithoutConstructor();
        }
        if ($what < 290) {
            return Space::open(self::dsn());
        }
        if ($what < 291 && self::$depth === 1) {
            self::fork();
        }
        $key = self::text();
        return Dice::roll(0, 1) ? self::$things[self::SPACE]->getLock($key) : self::$things[self::SPACE]->getInteger($key);
    }

    public static function step(): void
    {
        $depth = self::$depth;
        if ($depth >= self::DEEPEST) {
            return;
        }
        self::$depth++;
        $drawer = Dice::roll(self::FIRST, self::LAST);
        $keep = Dice::roll(0, 3) > 0;
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
            Bell::$since = $depth === 0 ? null : hrtime(true);
            self::$depth = $depth;
        }
        unset($result, $thrown);
    }

    // A few calls that never block, where others may be under way: in signal handlers and destructors.
    public static function stir(): void
    {
        $depth = self::$depth;
        self::$depth = self::DEEPEST;
        try {
            $files = self::$things[Dice::one([self::FILES, self::OWN_FILES])] ?? null;
            if ($files !== null) {
                $files->setRootPath(getcwd() . '/root' . Dice::roll(0, 2));
            }
            $target = Dice::one([self::$busy, self::$things[self::FILE_LOCK] ?? null, self::$things[self::FILE_INTEGER] ?? null]);
            if ($target instanceof Generic\Lock) {
                $target->{Dice::one(['exists', 'tryLock', 'unlock', 'waitFor', 'hold'])}(0.0);
            } elseif ($target instanceof Generic\Integer) {
                $target->{Dice::one(['exists', 'refresh', 'increment', 'delete'])}();
            }
            self::$things[self::SPACE]->getLock(self::text());
        } catch (\Throwable $thrown) {
            $thrown->getMessage();
        } finally {
            self::$depth = $depth;
            if (Bell::$since === null && $depth > 0 && self::$things !== []) {
                Bell::$since = hrtime(true); // what was thrown to leave a call has not left it
            }
        }
    }

    // What a destructor does besides: to the very thing, perhaps, that let its object go.
    public static function strike(): void
    {
        self::stir();
        if (isset(self::$things[self::HEIR])) {
            self::$things[self::HEIR]->spoil('a', null);
        }
    }

    // After a step that was left by a signal at its very end.
    public static function calm(): void
    {
        self::$depth = 0;
    }
}
