<?php
/* SPDX-License-Identifier: BSD-3-Clause */

require_once __DIR__ . '/InMemoryDriver.php';
require_once __DIR__ . '/support.php';

use PhpSync\Core\Exceptions\IntegerDoesNotExistException;
use PhpSync\Core\Exceptions\SyncOperationException;
use PhpSync\Generic\Integer;
use PhpSync\Generic\IntegerSyncDriverInterface;
use PhpSync\Generic\SingletonManager;
use PHPUnit\Framework\TestCase;

/** Integers, on a driver in PHP and on a Space alike. */
final class IntegerTest extends TestCase
{
    public static function drivers(): array
    {
        return [
            'in memory' => [static function (): IntegerSyncDriverInterface { return new InMemoryDriver(); }],
            'space' => [static function (): IntegerSyncDriverInterface { return Support::space(); }],
            'files' => [static function (): IntegerSyncDriverInterface { return Support::integersInFiles(); }],
        ];
    }

    private static function key(): string
    {
        return bin2hex(random_bytes(8));
    }

    /** @dataProvider drivers */
    public function testAFreshIntegerIsZeroAndDoesNotExist(callable $driver): void
    {
        $integer = Integer::getInstance(self::key(), $driver());
        $this->assertSame(0, $integer->getValue());
        $this->assertFalse($integer->exists());
    }

    /** @dataProvider drivers */
    public function testCountingUpAndDownByAnySign(callable $driver): void
    {
        $integer = Integer::getInstance(self::key(), $driver());
        $this->assertSame(7, $integer->increment(7));
        $this->assertSame(5, $integer->increment(-2));
        $this->assertSame(4, $integer->decrement());
        $this->assertSame(9, $integer->decrement(-5));
        $this->assertSame(9, $integer->getValue());
    }

    /** @dataProvider drivers */
    public function testTwoManagersGiveTwoObjectsOfOneInteger(callable $driver): void
    {
        $key = self::key();
        $driver = $driver();
        $manager = new SingletonManager();
        $one = Integer::getInstance($key, $driver, $manager);
        $two = Integer::getInstance($key, $driver, new SingletonManager());
        $this->assertSame($one, Integer::getInstance($key, $driver, $manager));
        $this->assertNotSame($one, $two);

        $one->increment(3);
        $this->assertSame(8, $two->increment(5));
        $this->assertSame(3, $one->getValue());
        $this->assertSame(8, $one->increment(0));
    }

    /** @dataProvider drivers */
    public function testAFreshObjectLoadsTheValue(callable $driver): void
    {
        $key = self::key();
        $driver = $driver();
        Integer::getInstance($key, $driver, new SingletonManager())->setValue(12);
        $this->assertSame(12, Integer::getInstance($key, $driver, new SingletonManager())->getValue());
    }

    /** @dataProvider drivers */
    public function testDeleteAndRefresh(callable $driver): void
    {
        $integer = Integer::getInstance(self::key(), $driver());
        $integer->setValue(4);
        $integer->delete();
        $this->assertFalse($integer->exists());
        $this->assertSame(4, $integer->getValue());
        $this->expectException(IntegerDoesNotExistException::class);
        $integer->refresh();
    }

    public function testAMockedDriverIsCalledAndItsFailureWrapped(): void
    {
        $driver = $this->createMock(IntegerSyncDriverInterface::class);
        $driver->method('hasValue')->willReturn(false);
        $driver->expects($this->once())->method('increment')->with('key', -2)->willThrowException(new RuntimeException('out of order'));
        $integer = Integer::getInstance('key', $driver, new SingletonManager());
        try {
            $integer->decrement(2);
            $this->fail('it must throw');
        } catch (SyncOperationException $e) {
            $this->assertSame('out of order', $e->getMessage());
            $this->assertInstanceOf(RuntimeException::class, $e->getPrevious());
        }
    }

    public function testAnIntegerCanBeMocked(): void
    {
        $integer = $this->createMock(Integer::class);
        $integer->method('increment')->willReturn(99);
        $this->assertSame(99, $integer->increment());
    }
}
