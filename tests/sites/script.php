<?php
/*
 * A script that lives on, as workers do, and makes the calls it is told, a line each: "integer KEY increment",
 * "lock KEY waitFor 5". A line of JSON is the answer: the result, or what was thrown, and the seconds it took.
 */
$space = PhpSync\Space::open($argv[1]);
while (($line = fgets(STDIN)) !== false) {
    [$kind, $key, $method] = $words = explode(' ', rtrim($line, "\n"));
    $began = hrtime(true);
    try {
        $object = $kind === 'lock' ? $space->getLock($key) : $space->getInteger($key);
        $answer = ['result' => $object->$method(...array_map('json_decode', array_slice($words, 3)))];
    } catch (PhpSync\Core\Exceptions\SyncOperationException $e) {
        $answer = ['result' => null, 'thrown' => (new ReflectionClass($e))->getShortName(), 'message' => $e->getMessage()];
    }
    echo json_encode($answer + ['seconds' => (hrtime(true) - $began) / 1e9]), "\n";
}
