--TEST--
Space::open() takes a DSN, else the ini setting, else the environment, else the default
--FILE--
<?php
require __DIR__ . '/../include/testing.inc';
check(space()->getDsn() === space_dsn() || strpos(space()->getDsn(), 'shm://test') === 0, space()->getDsn());
$folder = substr(space_dsn(), strpos(space_dsn(), 'path=') + 5);
putenv("PHPSYNC_DSN=shm://environment?path=$folder");
check(strpos(PhpSync\Space::open()->getDsn(), 'shm://environment') === 0, 'environment');
ini_set('phpsync.dsn', "shm://ini?path=$folder");
check(strpos(PhpSync\Space::open(null)->getDsn(), 'shm://ini') === 0, 'ini');
ini_set('phpsync.dsn', '');
check(strpos(PhpSync\Space::open()->getDsn(), 'shm://environment') === 0, 'an empty ini setting is none');
putenv('PHPSYNC_DSN');
// The default is not this test's to open: it is asked for where nothing may be opened.
$child = new Child('putenv("PHPSYNC_DSN"); say(thrown(function () { PhpSync\Space::open(); }));', [], ['-d', 'open_basedir=/usr:' . dirname(__DIR__)]);
check(strpos($child->line(), 'shm://default') > 0, 'default');
echo "done\n";
?>
--EXPECT--
done
