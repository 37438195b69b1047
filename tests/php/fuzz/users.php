<?php
// SPDX-License-Identifier: BSD-3-Clause
//
// What users may write themselves and hand to the extension: drivers, managers, FileManagers, texts that are objects, values
// with a destructor. Whatever the extension calls here may throw, or call back; where PHP lets it, it returns anything.

namespace Fuzz;

use PhpSync\Core;
use PhpSync\Drivers\FileSystem as Files;
use PhpSync\Generic;

trait Surprises
{
    // One of the choices, or an exception; before that, perhaps, a step of its own.
    private function answer(...$choices)
    {
        if (Dice::rarely(4)) {
            $class = Dice::one([\Exception::class, \Error::class, Core\Exceptions\SyncOperationException::class,
                Core\Exceptions\IntegerDoesNotExistException::class]);
            throw new $class('from the user');
        }
        if (Dice::rarely(6)) {
            Drawers::step();
        }
        return Dice::one($choices);
    }
}

final class Driver implements Generic\LockSyncDriverInterface, Generic\IntegerSyncDriverInterface
{
    use Surprises;

    public function lock(string $key) { return $this->answer(null, [str_repeat('x', Dice::roll(10, 99))]); }
    public function unlock(string $key): bool { return $this->answer(true, false); }
    public function wait(string $key) { return $this->answer(null, str_repeat('x', Dice::roll(10, 99))); }
    public function exists(string $key): bool { return $this->answer(true, false); }
    public function setValue(string $key, int $value): int { return $this->answer($value, 0); }
    public function getValue(string $key): int { return $this->answer(1, PHP_INT_MIN); }
    public function increment(string $key, int $by): int { return $this->answer($by, PHP_INT_MAX); }
    public function hasValue(string $key): bool
    {
        if (Dice::rarely(4)) {
            Generic\Integer::getInstance($key, $this); // the very one that is being made
        }
        return $this->answer(true, false);
    }
    public function delete(string $key) { return $this->answer(null, 'x'); }
    public function __destruct() { Drawers::stir(); }
}

final class Manager implements Generic\SingletonManagerInterface
{
    use Surprises;

    private $kept = [];
    public function get(string $key, string $class)
    {
        return Dice::rarely(10) ? $this->answer(new \stdClass, null, 'x') : $this->kept[$class][$key] ?? null;
    }
    public function set(string $key, string $class, $instance)
    {
        $this->kept[$class][$key] = $instance;
        return Dice::rarely(4) ? $this->answer(null, [$instance]) : null;
    }
    public function remove(string $key, string $class) { unset($this->kept[$class][$key]); }
    public function has(string $key, string $class): bool
    {
        return Dice::rarely(5) ? $this->answer(true, false) : isset($this->kept[$class][$key]);
    }
}

// A SingletonManager whose heir plays with what it keeps.
final class Heir extends Generic\SingletonManager
{
    public function spoil(string $key, $value): void
    {
        $other = $value;
        $case = Dice::roll(0, 4);
        // What is no array refuses elements, which in a destructor ends the script.
        switch ($this->instances === null || is_array($this->instances) ? $case : 0) {
            case 0: $this->instances = $value; break;
            case 1: $this->instances[Generic\Lock::class] = $value; break;
            case 2: $this->instances[Generic\Lock::class] = [$key => $value]; break;
            case 3: $this->instances[Generic\Integer::class][$key] = &$other; break;
            default: $this->instances = &$other;
        }
    }
}

// A FileManager that keeps files where it likes.
final class FileManager extends Files\FileManager
{
    use Surprises;

    public function getFileName(string $key, string $category)
    {
        $standard = parent::getFileName($key, $category);
        return Dice::rarely(2) ? $standard : $this->answer(new Text(getcwd() . '/root/' . md5($key)),
            new Text($standard), str_repeat('f', Dice::roll(1, 99)), '', 42, [$standard], getcwd() . '/elsewhere/' . md5($key));
    }
    public function getRootPath(): string
    {
        return Dice::rarely(2) ? parent::getRootPath() : $this->answer(getcwd() . '/root' . Dice::roll(0, 2), '', "a\0b");
    }
    public function ensureDirectoriesExist(string $fileName)
    {
        parent::ensureDirectoriesExist($fileName);
        return Dice::rarely(2) ? $this->answer(null, [$fileName]) : null;
    }
}

final class IntegerDriver extends Files\FileSystemIntegerSyncDriver
{
    use Surprises;

    protected function openFile($fileName, $mode)
    {
        return Dice::rarely(2) ? parent::openFile($fileName, $mode) : $this->answer(null, fopen('php://memory', 'r'), [$mode]);
    }
}

final class Text
{
    use Surprises;

    private $text;
    public function __construct(string $text) { $this->text = $text; }
    public function __toString(): string { return $this->answer($this->text, $this->text . Dice::roll(0, 9)); }
}

final class Trap
{
    public $padding;
    public function __construct() { $this->padding = str_repeat('t', Dice::roll(10, 99)); }
    public function __destruct() { Drawers::strike(); }
}
