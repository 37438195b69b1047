--TEST--
WithFileManagerTrait works in a driver of the user's own, also one that adds to it
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
require __DIR__ . '/../include/files.inc';
use PhpSync\Drivers\FileSystem\{FileManager, FileManagerInterface, WithFileManagerTrait};
use PhpSync\Generic\{Integer, IntegerSyncDriverInterface, Lock, LockSyncDriverInterface};
class Simple implements LockSyncDriverInterface
{
    use WithFileManagerTrait;
    public function __construct(FileManagerInterface $manager) { $this->setManager($manager); }
    private function file(string $key) { $name = $this->manager->getFileName($key, 'own'); $this->getManager()->ensureDirectoriesExist($name); return $name; }
    public function lock(string $key) { if (!@mkdir($this->file($key))) throw new DomainException('busy'); }
    public function unlock(string $key): bool { return @rmdir($this->file($key)); }
    public function wait(string $key) {}
    public function exists(string $key): bool { return file_exists($this->file($key)); }
}
class Renamed { use WithFileManagerTrait { setManager as protected; getManager as public manager; } public function __construct(FileManagerInterface $m) { check($this->setManager($m) === $this, '$this'); } }
class Extended extends Simple { public $set = 0; public function setManager(FileManagerInterface $manager) { $this->set++; return parent::setManager($manager); } }
class Both { use WithFileManagerTrait, Counting; }
trait Counting { protected $manager; public $count = 3; }
trait Nested { use WithFileManagerTrait; }
class ByNesting { use Nested; }
$manager = new FileManager(root_path());
$lock = Lock::getInstance('k', $driver = new Simple($manager));
$lock->lock();
check($lock->exists() && is_dir($manager->getFileName('k', 'own')) && $lock->unlock() && !$lock->exists(), 'a driver of its own');
check($driver->getManager() === $manager && $driver->setManager($other = new FileManager('x')) === $driver && $driver->getManager() === $other, 'get and set');
check((new Renamed($manager))->manager() === $manager, 'under other names');
$e = new Extended($manager);
check($e->set === 1 && $e->setManager($other)->getManager() === $other && $e->set === 2, 'extended');
check((new Both)->setManager($manager)->getManager() === $manager && (new ByNesting)->setManager($manager)->getManager() === $manager, 'with other traits');
check(class_uses('Simple') === [WithFileManagerTrait::class => WithFileManagerTrait::class] && method_exists('Both', 'getManager'), 'it is a trait');
check((new ReflectionMethod('Simple', 'getManager'))->getReturnType()->getName() === FileManagerInterface::class && !(new ReflectionMethod('Simple', 'setManager'))->hasReturnType(), 'types');
check((new ReflectionProperty('Simple', 'manager'))->isProtected(), 'the property');
check(strpos(thrown(function () { (new Both)->getManager(); }), 'Error: This Both object has no FileManager') === 0, 'none yet');
check(strpos(thrown(function () { (new Both)->setManager(new stdClass); }), 'TypeError') === 0, 'type');
check(strpos(thrown(function () { $t = WithFileManagerTrait::class; new $t; }), 'Error: Cannot instantiate trait') === 0, 'no class');
$clone = clone $driver;
check($clone->getManager() === $other && $clone->setManager($manager) === $clone && $driver->getManager() === $other, 'clone');
echo "done\n";
?>
--EXPECT--
done
