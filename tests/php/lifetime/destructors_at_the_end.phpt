--TEST--
Destructors and shutdown functions still use the space; Holds end after them
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
$child = new Child('
    class Job {
        public $hold; public $lock;
        function __construct() { $this->lock = space()->getLock("job"); $this->hold = $this->lock->hold(); }
        function __destruct() {
            say($this->hold->isValid() ? "valid in destructor" : "lost");
            space()->getInteger("n")->increment();
            space()->getLock("late")->lock();
        }
    }
    $a = new Job; $b = new stdClass; $b->b = $b; $b->job2 = $a; unset($a);
    register_shutdown_function(function () { say(space()->getLock("job")->exists() ? "held at shutdown" : "lost"); });
');
$child->expect('held at shutdown')->expect('valid in destructor');
check($child->end() === 0, 'exit');
check(space()->getInteger('n')->refresh() === 1 && space()->getLock('late')->exists() && !space()->getLock('job')->exists(), 'after');
echo "done\n";
?>
--EXPECT--
done
