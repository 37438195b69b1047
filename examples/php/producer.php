<?php
/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Queues tasks: the checksums of a folder's files.
 *
 *   php producer.php FOLDER TASKS.txt
 *
 * The queue is a list of paths, one a line. Which task is next, how many are
 * finished and how many there are, all processes share as Integers.
 */

use PhpSync\Space;

if ($argc !== 3 || !is_dir($argv[1])) {
    fwrite(STDERR, "usage: php producer.php FOLDER TASKS.txt\n");
    exit(64);
}
[, $folder, $tasks] = $argv;

$paths = [];
$files = new RecursiveIteratorIterator(new RecursiveDirectoryIterator($folder, FilesystemIterator::SKIP_DOTS));
foreach ($files as $file) {
    if ($file->isFile() && !$file->isLink() && $file->isReadable() && strpbrk($file->getPathname(), "\r\n") === false) {
        $paths[] = $file->getPathname();
    }
}
sort($paths);
file_put_contents($tasks, implode("\n", $paths) . "\n");

$space = Space::open();
$space->getInteger('next')->setValue(0);
$space->getInteger('finished')->setValue(0);
$space->getInteger('total')->setValue(count($paths)); // last: workers wait for it

printf("%d tasks\n", count($paths));
