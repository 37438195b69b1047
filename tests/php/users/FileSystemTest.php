<?php
/* SPDX-License-Identifier: BSD-3-Clause */

require_once __DIR__ . '/support.php';

use PhpSync\Core\Exceptions\IntegerDoesNotExistException;
use PhpSync\Drivers\FileSystem\FileManager;
use PhpSync\Drivers\FileSystem\FileManagerInterface;
use PhpSync\Drivers\FileSystem\FileSystemIntegerSyncDriver;
use PhpSync\Drivers\FileSystem\FileSystemLockSyncDriver;
use PhpSync\Generic\Integer;
use PhpSync\Generic\Lock;
use PHPUnit\Framework\TestCase;

/** What scripts that use php-sync-fs do. */
final class FileSystemTest extends TestCase
{
    private static function key(): string
    {
        return bin2hex(random_bytes(8));
    }

    public function testAManagerNamesOneFilePerKeyAndCategoryBelowItsRoot(): void
    {
        $manager = new FileManager('/some/root');
        $name = $manager->getFileName('key', 'Things');
        $this->assertSame($name, $manager->getFileName('key', 'things'));
        $this->assertStringStartsWith('/some/root/things/', $name);
        $this->assertSame(md5('key'), basename($name));
        $this->assertNotSame($name, $manager->getFileName('key', 'others'));
        $this->assertNotSame($name, $manager->getFileName('other', 'things'));
        $manager->setRootPath('/another');
        $this->assertSame('/another', $manager->getRootPath());
        $this->assertStringStartsWith('/another/things/', $manager->getFileName('key', 'things'));
    }

    public function testAManagerMakesFolders(): void
    {
        $manager = new FileManager(Support::root());
        $name = $manager->getFileName(self::key(), 'own');
        $manager->ensureDirectoriesExist($name);
        $manager->ensureDirectoriesExist($name);
        $this->assertDirectoryExists(dirname($name));
        $this->assertFileDoesNotExist($name);
    }

    public function testTheIntegerDriverByItself(): void
    {
        $driver = Support::integersInFiles();
        $key = self::key();
        $this->assertFalse($driver->hasValue($key));
        $this->assertSame(5, $driver->setValue($key, 5));
        $this->assertSame(3, $driver->increment($key, -2));
        $this->assertSame(3, $driver->getValue($key));
        $driver->delete($key);
        $driver->delete($key);
        $this->assertFalse($driver->hasValue($key));
        $this->expectException(IntegerDoesNotExistException::class);
        $driver->getValue($key);
    }

    public function testTheLockDriverByItself(): void
    {
        $driver = Support::locksInFiles();
        $key = self::key();
        $this->assertFalse($driver->exists($key));
        $driver->wait($key);
        $driver->lock($key);
        $this->assertTrue($driver->exists($key));
        $this->assertTrue($driver->unlock($key));
        $this->assertFalse($driver->unlock($key));
    }

    public function testAScriptPausesAnotherAndEnds(): void
    {
        $root = var_export(Support::root(), true);
        $key = self::key();
        $lock = "PhpSync\\Generic\\Lock::getInstance('$key', new PhpSync\\Drivers\\FileSystem\\FileSystemLockSyncDriver(new PhpSync\\Drivers\\FileSystem\\FileManager($root)))";
        $admin = new Agent("{$lock}->lock(); say('paused');");
        $this->assertSame('paused', $admin->line());
        $this->assertSame(0, $admin->end());
        $worker = new Agent("say('before'); {$lock}->wait(); say('after');");
        $this->assertSame('before', $worker->line());
        $this->assertFalse($worker->hasOutputWithin(0.1));
        $this->assertTrue(Lock::getInstance($key, Support::locksInFiles())->unlock());
        $this->assertSame('after', $worker->line());
        $this->assertSame(0, $worker->end());
    }

    public function testDriversOfOneFolderShareItsLocksAndIntegers(): void
    {
        $key = self::key();
        $lock = Lock::getInstance($key, Support::locksInFiles());
        $lock->lock();
        $this->assertTrue(Support::locksInFiles()->exists($key));
        $this->assertTrue(Support::locksInFiles()->unlock($key));
        $integer = Integer::getInstance($key, Support::integersInFiles());
        $integer->increment(2);
        $this->assertSame(2, Support::integersInFiles()->getValue($key));
    }

    public function testAMockedManagerIsAsked(): void
    {
        $name = Support::root() . '/mocked/' . self::key();
        $manager = $this->createMock(FileManagerInterface::class);
        $manager->method('getRootPath')->willReturn(Support::root());
        $manager->expects($this->atLeastOnce())->method('getFileName')->with('key', FileSystemIntegerSyncDriver::CATEGORY)->willReturn($name);
        $manager->expects($this->once())->method('ensureDirectoriesExist')->with($name);
        $driver = new FileSystemIntegerSyncDriver($manager);
        $this->assertSame(4, $driver->increment('key', 4));
        $this->assertSame(5, $driver->increment('key', 1));
        $this->assertSame('5', trim(file_get_contents($name)));
    }

    public function testAManagerThatFailsIsHeard(): void
    {
        $manager = $this->createStub(FileManagerInterface::class);
        $manager->method('getFileName')->willThrowException(new RuntimeException('no disk'));
        $lock = Lock::getInstance(self::key(), new FileSystemLockSyncDriver($manager));
        $this->expectExceptionMessage('no disk');
        $this->expectException(PhpSync\Core\Exceptions\SyncOperationException::class);
        $lock->lock();
    }

    public function testAMockedDriverIsCalled(): void
    {
        $driver = $this->getMockBuilder(FileSystemLockSyncDriver::class)->disableOriginalConstructor()->getMock();
        $driver->expects($this->once())->method('lock')->with('key');
        $driver->method('exists')->willReturn(true);
        $lock = Lock::getInstance('key', $driver, new PhpSync\Generic\SingletonManager());
        $lock->lock();
        $this->assertTrue($lock->exists());
    }
}
