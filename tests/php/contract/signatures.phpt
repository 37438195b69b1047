--TEST--
Every class of the contract has exactly these methods, parameters and types, and lacks the others
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
function type(?ReflectionType $type): string { return $type === null ? '' : ($type->allowsNull() && $type->getName() !== 'mixed' ? '?' : '') . $type->getName(); }
function prefixed(string $prefix, string $text): string { return $text === '' ? '' : $prefix . $text; }
/** What a PHP before 8.1 can say of it. */
function in_old_words(string $text): string
{
    if (PHP_VERSION_ID < 80100) $text = preg_replace('/^  public readonly /m', '  public ', $text);
    if (PHP_VERSION_ID < 80000) $text = preg_replace(['/^  public \S+ \$/m', '/ = [^,)\n]+(?=[,)])/', '/: mixed$/m'], ['  public $', '', ''], $text);
    return $text;
}
function show(string $name): void
{
    $class = new ReflectionClass($name);
    $kind = $class->isInterface() ? 'interface' : ($class->isTrait() ? 'trait' : ($class->isFinal() ? 'final class' : 'class'));
    $parent = $class->getParentClass();
    $interfaces = array_diff($class->getInterfaceNames(), ['Stringable', 'Throwable']);
    sort($interfaces);
    echo "$kind $name", $parent ? ' extends ' . $parent->name : '', $interfaces ? ' implements ' . implode(', ', $interfaces) : '', "\n";
    foreach ($class->getReflectionConstants() as $constant) echo '  const ', $constant->name, ' ', $constant->getValue(), "\n";
    foreach ($class->getProperties() as $property) {
        if ($property->class !== $name || $property->isPrivate()) continue;
        echo '  ', implode(' ', Reflection::getModifierNames($property->getModifiers())), prefixed(' ', type($property->getType())), ' $', $property->name, "\n";
    }
    foreach ($class->getMethods() as $method) {
        if ($method->class !== $name || (PHP_VERSION_ID < 80100 && $method->name === '__unserialize')) continue; // it refuses, see before_81.c
        $parameters = [];
        foreach ($method->getParameters() as $parameter) {
            $text = trim(type($parameter->getType()) . ' $' . $parameter->name);
            if ($parameter->isDefaultValueAvailable()) $text .= ' = ' . var_export($parameter->getDefaultValue(), true);
            check(!$parameter->isPassedByReference() && !$parameter->isVariadic(), 'plain parameters');
            $parameters[] = $text;
        }
        $modifiers = array_diff(Reflection::getModifierNames($method->getModifiers()), ['public', 'abstract']);
        echo '  ', implode(' ', array_merge($modifiers, [$method->name])), '(', implode(', ', $parameters), ')', prefixed(': ', type($method->getReturnType())), "\n";
        check(!(method_exists($method, 'hasTentativeReturnType') && $method->hasTentativeReturnType()), 'no tentative types');
    }
}
ob_start();
foreach ((new ReflectionExtension('phpsync'))->getClassNames() as $name) {
    if ($name !== 'PhpSync\Listing') show($name);
}
$found = ob_get_clean();
echo $found === in_old_words(<<<'END'
interface PhpSync\Core\LockInterface
  getKey(): string
  lock()
  unlock(): bool
  wait()
  exists(): bool
interface PhpSync\Core\IntegerInterface
  getKey(): string
  getValue(): int
  setValue(int $value)
  increment($by = 1): int
  decrement($by = 1): int
  refresh(): int
  delete()
  exists(): bool
interface PhpSync\Generic\LockSyncDriverInterface
  lock(string $key)
  unlock(string $key): bool
  wait(string $key)
  exists(string $key): bool
interface PhpSync\Generic\IntegerSyncDriverInterface
  setValue(string $key, int $value): int
  getValue(string $key): int
  increment(string $key, int $by): int
  hasValue(string $key): bool
  delete(string $key)
interface PhpSync\Generic\SingletonManagerInterface
  get(string $key, string $className)
  set(string $key, string $className, $instance)
  remove(string $key, string $className)
  has(string $key, string $className): bool
class PhpSync\Core\Exceptions\SyncOperationException extends Exception
class PhpSync\Core\Exceptions\IntegerDoesNotExistException extends Exception
class PhpSync\Core\Exceptions\OutcomeUnknownException extends PhpSync\Core\Exceptions\SyncOperationException
class PhpSync\Core\Exceptions\LockTimeoutException extends PhpSync\Core\Exceptions\SyncOperationException
class PhpSync\Core\Exceptions\LeaseLostException extends PhpSync\Core\Exceptions\SyncOperationException
class PhpSync\Generic\SingletonManager implements PhpSync\Generic\SingletonManagerInterface
  protected $instances
  get(string $key, string $className)
  set(string $key, string $className, $instance)
  remove(string $key, string $className)
  has(string $key, string $className): bool
class PhpSync\Generic\Lock implements PhpSync\Core\LockInterface
  private __construct()
  static getInstance(string $key, PhpSync\Generic\LockSyncDriverInterface $driver, ?PhpSync\Generic\SingletonManagerInterface $singletonManager = NULL)
  getKey(): string
  lock()
  unlock(): bool
  wait()
  exists(): bool
  tryLock(float $timeout = 0.0): bool
  waitFor(?float $timeout = NULL): bool
  lastFence(): ?int
  hold(?float $timeout = NULL, ?float $lease = NULL): ?PhpSync\Hold
  synchronized(callable $fn, ?float $timeout = NULL): mixed
  owner(): ?PhpSync\Owner
  isGhost(): bool
  unlockIf(int $fence): bool
class PhpSync\Generic\Integer implements PhpSync\Core\IntegerInterface
  private __construct()
  static getInstance($key, PhpSync\Generic\IntegerSyncDriverInterface $driver, ?PhpSync\Generic\SingletonManagerInterface $singletonManager = NULL)
  getKey(): string
  getValue(): int
  setValue(int $value)
  increment($by = 1): int
  decrement($by = 1): int
  refresh(): int
  delete()
  exists(): bool
  compareAndSet(int $expected, int $new): bool
  waitUntilAtLeast(int $value, ?float $timeout = NULL): bool
  waitUntilAtMost(int $value, ?float $timeout = NULL): bool
  waitForChange(?float $timeout = NULL): bool
final class PhpSync\Space implements PhpSync\Generic\IntegerSyncDriverInterface, PhpSync\Generic\LockSyncDriverInterface
  private __construct()
  static open(?string $dsn = NULL): PhpSync\Space
  getLock(string $key): PhpSync\Generic\Lock
  getInteger(string $key): PhpSync\Generic\Integer
  locks(): Iterator
  integers(): Iterator
  getDsn(): string
  lock(string $key)
  unlock(string $key): bool
  wait(string $key)
  exists(string $key): bool
  setValue(string $key, int $value): int
  getValue(string $key): int
  increment(string $key, int $by): int
  hasValue(string $key): bool
  delete(string $key)
final class PhpSync\Hold
  public readonly string $key
  public readonly int $fence
  public readonly ?DateTimeImmutable $expiresAt
  private __construct()
  renew(float $lease): void
  isValid(): bool
  release(): bool
final class PhpSync\Owner
  public readonly string $host
  public readonly int $pid
  public readonly string $label
  public readonly DateTimeImmutable $acquiredAt
  public readonly ?DateTimeImmutable $expiresAt
  public readonly int $fence
  public readonly ?bool $alive
  private __construct()
interface PhpSync\Drivers\FileSystem\FileManagerInterface
  getFileName(string $key, string $category)
  ensureDirectoriesExist(string $fileName)
  getRootPath(): string
  setRootPath(string $path)
class PhpSync\Drivers\FileSystem\FileManager implements PhpSync\Drivers\FileSystem\FileManagerInterface
  __construct($rootPath)
  getFileName(string $key, string $category)
  ensureDirectoriesExist(string $fileName)
  getRootPath(): string
  setRootPath(string $path)
trait PhpSync\Drivers\FileSystem\WithFileManagerTrait
  protected $manager
  getManager(): PhpSync\Drivers\FileSystem\FileManagerInterface
  setManager(PhpSync\Drivers\FileSystem\FileManagerInterface $manager)
class PhpSync\Drivers\FileSystem\FileSystemLockSyncDriver implements PhpSync\Generic\LockSyncDriverInterface
  const CATEGORY locks
  protected $manager
  __construct(PhpSync\Drivers\FileSystem\FileManagerInterface $manager)
  getManager(): PhpSync\Drivers\FileSystem\FileManagerInterface
  setManager(PhpSync\Drivers\FileSystem\FileManagerInterface $manager)
  lock(string $key)
  unlock(string $key): bool
  wait(string $key)
  exists(string $key): bool
class PhpSync\Drivers\FileSystem\FileSystemIntegerSyncDriver implements PhpSync\Generic\IntegerSyncDriverInterface
  const CATEGORY integers
  protected $manager
  __construct(PhpSync\Drivers\FileSystem\FileManagerInterface $manager)
  getManager(): PhpSync\Drivers\FileSystem\FileManagerInterface
  setManager(PhpSync\Drivers\FileSystem\FileManagerInterface $manager)
  setValue(string $key, int $value): int
  getValue(string $key): int
  increment(string $key, int $by): int
  hasValue(string $key): bool
  delete(string $key)
  protected openFile($fileName, $mode)

END
) ? "as promised\n" : $found;
?>
--EXPECT--
as promised
