<?php
/* SPDX-License-Identifier: BSD-3-Clause */

use PhpSync\Generic\SingletonManager;
use PHPUnit\Framework\TestCase;

final class SingletonManagerTest extends TestCase
{
    public function testItKeepsOneObjectForEachPair(): void
    {
        $manager = new SingletonManager();
        $object = new stdClass();
        $this->assertFalse($manager->has('key', 'A'));
        $this->assertNull($manager->get('key', 'A'));
        $manager->set('key', 'A', $object);
        $this->assertTrue($manager->has('key', 'A'));
        $this->assertSame($object, $manager->get('key', 'A'));
        $this->assertFalse($manager->has('key', 'B'));
        $this->assertFalse($manager->has('other', 'A'));
        $manager->remove('key', 'A');
        $this->assertFalse($manager->has('key', 'A'));
    }

    public function testASubclassSeesTheInstances(): void
    {
        $manager = new class () extends SingletonManager {
            public function size(): int
            {
                return array_sum(array_map('count', $this->instances));
            }
        };
        $manager->set('a', 'C', 1);
        $manager->set('b', 'C', 2);
        $manager->set('a', 'D', 3);
        $this->assertSame(3, $manager->size());
    }
}
