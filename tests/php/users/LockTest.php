<?php
/* SPDX-License-Identifier: BSD-3-Clause */

require_once __DIR__ . '/support.php';

use PhpSync\Core\Exceptions\SyncOperationException;
use PhpSync\Generic\Lock;
use PhpSync\Generic\LockSyncDriverInterface;
use PhpSync\Generic\SingletonManager;
use PHPUnit\Framework\TestCase;

/** Locks between agents: processes of their own that say what they do. */
final class LockTest extends TestCase
{
    /** @var string */
    private $key;

    protected function setUp(): void
    {
        $this->key = bin2hex(random_bytes(8));
    }

    private function agent(string $code): Agent
    {
        return new Agent('$lock = PhpSync\Generic\Lock::getInstance(' . var_export($this->key, true) . ', Support::space()); ' . $code);
    }

    public function testTwoAgentsLockOneAfterTheOther(): void
    {
        $first = $this->agent('$lock->lock(); say("locked"); hear(); say("unlocking"); $lock->unlock();');
        $this->assertSame('locked', $first->line());
        $second = $this->agent('say("locking"); $lock->lock(); say("locked"); $lock->unlock();');
        $this->assertSame('locking', $second->line());
        $this->assertFalse($second->hasOutputWithin(0.2));
        $first->send('go');
        $this->assertSame('unlocking', $first->line());
        $this->assertSame('locked', $second->line());
        $this->assertSame([0, 0], [$first->end(), $second->end()]);
    }

    public function testWaitReturnsAfterTheUnlock(): void
    {
        $locker = $this->agent('$lock->lock(); say("locked"); hear(); $lock->unlock();');
        $this->assertSame('locked', $locker->line());
        $waiter = $this->agent('say("waiting"); $lock->wait(); say("on");');
        $this->assertSame('waiting', $waiter->line());
        $this->assertFalse($waiter->hasOutputWithin(0.2));
        $locker->send('go');
        $this->assertSame('on', $waiter->line());
        $this->assertSame([0, 0], [$locker->end(), $waiter->end()]);
    }

    public function testAnotherProcessUnlocksInParallel(): void
    {
        $lock = Lock::getInstance($this->key, Support::space());
        $lock->lock();
        $waiter = $this->agent('say("waiting"); $lock->wait(); say("on");');
        $this->assertSame('waiting', $waiter->line());
        $unlocker = $this->agent('say($lock->unlock() ? "freed" : "was free");');
        $this->assertSame('freed', $unlocker->line());
        $this->assertSame('on', $waiter->line());
        $this->assertFalse($lock->exists());
        $this->assertFalse($lock->unlock());
    }

    public function testSingletons(): void
    {
        $space = Support::space();
        $manager = new SingletonManager();
        $lock = Lock::getInstance($this->key, $space, $manager);
        $this->assertSame($lock, Lock::getInstance($this->key, $space, $manager));
        $this->assertNotSame($lock, Lock::getInstance($this->key, $space));
        $this->assertSame($lock, $manager->get($this->key, Lock::class));
        $this->assertSame($this->key, $lock->getKey());
    }

    public function testAMockedDriver(): void
    {
        $driver = $this->createMock(LockSyncDriverInterface::class);
        $driver->expects($this->once())->method('lock')->with($this->key)->willThrowException(new LogicException('no'));
        $driver->method('exists')->willReturn(true);
        $lock = Lock::getInstance($this->key, $driver, new SingletonManager());
        $this->assertTrue($lock->exists());
        $this->expectException(SyncOperationException::class);
        $this->expectExceptionMessage('no');
        $lock->lock();
    }
}
