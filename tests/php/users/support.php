<?php
/* SPDX-License-Identifier: BSD-3-Clause */

use PhpSync\Drivers\FileSystem\FileManager;
use PhpSync\Drivers\FileSystem\FileSystemIntegerSyncDriver;
use PhpSync\Drivers\FileSystem\FileSystemLockSyncDriver;
use PhpSync\Space;

final class Support
{
    /** The space of this run: PHPSYNC_DSN. */
    public static function space(): Space
    {
        return Space::open();
    }

    /** The folder that this run's files lie in: the one of its space. */
    public static function root(): string
    {
        parse_str((string) parse_url(getenv('PHPSYNC_DSN'), PHP_URL_QUERY), $options);
        return $options['path'] . '/files';
    }

    public static function integersInFiles(): FileSystemIntegerSyncDriver
    {
        return new FileSystemIntegerSyncDriver(new FileManager(self::root()));
    }

    public static function locksInFiles(): FileSystemLockSyncDriver
    {
        return new FileSystemLockSyncDriver(new FileManager(self::root()));
    }
}

/** A second process; its code has this file, say() and hear(). */
final class Agent
{
    /** @var resource */
    private $process;
    /** @var resource[] */
    private $pipes;

    public function __construct(string $code)
    {
        $options = preg_split('/\s+/', trim((string) getenv('PHPSYNC_TEST_OPTIONS')), -1, PREG_SPLIT_NO_EMPTY);
        $command = array_merge([PHP_BINARY, '-n'], $options, ['-r', 'require ' . var_export(__FILE__, true) . ";\n$code"]);
        $this->process = proc_open($command, [['pipe', 'r'], ['pipe', 'w'], ['redirect', 1]], $this->pipes);
    }

    public function line(): string
    {
        return rtrim((string) fgets($this->pipes[1]), "\n");
    }

    public function hasOutputWithin(float $seconds): bool
    {
        $read = [$this->pipes[1]];
        $none = [];
        return stream_select($read, $none, $none, 0, (int) ($seconds * 1e6)) > 0;
    }

    public function send(string $line): void
    {
        fwrite($this->pipes[0], "$line\n");
    }

    public function end(): int
    {
        fclose($this->pipes[0]);
        return proc_close($this->process);
    }
}

function say(string $line): void
{
    fwrite(STDOUT, "$line\n");
}

function hear(): string
{
    return rtrim((string) fgets(STDIN), "\n");
}
