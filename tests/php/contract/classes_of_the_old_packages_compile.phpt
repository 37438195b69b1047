--TEST--
Classes that users wrote for the old packages compile without a word
--FILE--
<?php
class MyLock implements PhpSync\Core\LockInterface
{
    public function getKey(): string { return 'k'; }
    public function lock() {}
    public function unlock(): bool { return true; }
    public function wait() {}
    public function exists(): bool { return false; }
}
class MyInteger implements PhpSync\Core\IntegerInterface
{
    public function getKey(): string { return 'k'; }
    public function getValue(): int { return 1; }
    public function setValue(int $value) {}
    public function increment($by = 1): int { return 1; }
    public function decrement($by = 1): int { return 1; }
    public function refresh(): int { return 1; }
    public function delete() {}
    public function exists(): bool { return true; }
}
class LockDriver implements PhpSync\Generic\LockSyncDriverInterface
{
    public function lock(string $key) {}
    public function unlock(string $key): bool { return true; }
    public function wait(string $key) {}
    public function exists(string $key): bool { return false; }
}
class IntegerDriver implements PhpSync\Generic\IntegerSyncDriverInterface
{
    public function setValue(string $key, int $value): int { return $value; }
    public function getValue(string $key): int { return 1; }
    public function increment(string $key, int $by): int { return $by; }
    public function hasValue(string $key): bool { return false; }
    public function delete(string $key) {}
}
class Manager implements PhpSync\Generic\SingletonManagerInterface
{
    public function get(string $key, string $className) {}
    public function set(string $key, string $className, $instance) {}
    public function remove(string $key, string $className) {}
    public function has(string $key, string $className): bool { return false; }
}
class OwnManager extends PhpSync\Generic\SingletonManager
{
    protected $instances = [];
    public function get(string $key, string $className) { return parent::get($key, $className); }
}
class OwnError extends PhpSync\Core\Exceptions\SyncOperationException {}
class OwnLock extends PhpSync\Generic\Lock {}
class OwnInteger extends PhpSync\Generic\Integer { public $more = 1; }
echo "compiled\n";
?>
--EXPECT--
compiled
