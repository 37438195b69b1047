<?php
/*
 * A page: makes the call it is asked for (do=, key=, space=) on the space in PHPSYNC_DSN, and says what came of it and
 * which process it was.
 */
$space = PhpSync\Space::open(str_replace('{space}', $_GET['space'] ?? 'default', getenv('PHPSYNC_DSN')));
$key = $_GET['key'] ?? 'key';
$result = null;
switch ($_GET['do']) {
    case 'increment':
        $result = $space->getInteger($key)->increment();
        break;
    case 'increment for ever': // until PHP ends it: its limit counts time on a processor, of which a call takes little
        $GLOBALS['hold'] = $space->getLock("$key-hold")->hold();
        while (true) {
            for ($end = hrtime(true) + 200000; hrtime(true) < $end;);
            $space->getInteger($key)->increment();
        }
    case 'count': // for ever; each result is said at once
        for (set_time_limit(0); ; flush()) {
            echo $space->getInteger($key)->increment(), "\n";
        }
    case 'hold and end badly':
        $GLOBALS['hold'] = $space->getLock("$key-hold")->hold();
        $space->getInteger($key)->increment();
        no_such_function();
    case 'lock, hold and wait':
        $space->getLock("$key-lock")->lock();
    case 'hold and wait':
        $GLOBALS['hold'] = $space->getLock("$key-hold")->hold();
    default: // lock, unlock, wait, exists
        $method = strrchr(' ' . $_GET['do'], ' ');
        $result = $space->getLock($key)->{ltrim($method)}();
}
echo json_encode(['pid' => getmypid(), 'result' => $result]);
