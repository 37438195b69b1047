<?php
/* SPDX-License-Identifier: BSD-3-Clause */
/* What loading the extension costs a PHP that does nothing. */

function loading(): void
{
    $command = static function (bool $with): array {
        $options = $with ? ['-d', 'extension=' . getenv('BENCH_EXTENSION')] : [];
        return array_merge([PHP_BINARY, '-n'], $options);
    };
    /** The processor time of one run, ms: the same on a busy machine. */
    $time = static function (bool $with) use ($command) {
        return static function () use ($with, $command) {
            $used = static function (): float {
                $u = getrusage(1);
                return ($u['ru_utime.tv_sec'] + $u['ru_stime.tv_sec']) * 1e3 + ($u['ru_utime.tv_usec'] + $u['ru_stime.tv_usec']) / 1e3;
            };
            $before = $used();
            for ($i = 0; $i < 10; $i++) {
                proc_close(proc_open(array_merge($command($with), ['-r', ';']), [], $pipes));
            }
            return ($used() - $before) / 10;
        };
    };
    $memory = static function (bool $with) use ($command): int {
        // Private and shared pages that the process touched.
        $code = 'preg_match("/^VmHWM:\\\\s+(\\\\d+)/m", file_get_contents("/proc/self/status"), $m); echo $m[1];';
        $process = proc_open(array_merge($command($with), ['-r', $code]), [1 => ['pipe', 'w']], $pipes);
        $kib = (int) stream_get_contents($pipes[1]);
        proc_close($process);
        return $kib;
    };
    $r = interleaved([
        'without' => $time(false), 'with' => $time(true),
        'less' => static function () use ($memory) { return $memory(false); },
        'more' => static function () use ($memory) { return $memory(true); },
    ]);
    $ms = $r['with'] - $r['without'];
    $kib = $r['more'] - $r['less'];
    row("loading, php -r ';'", sprintf('%.2f ms of processor time and %d KiB more (%.1f ms and %d KiB without)', $ms, $kib, $r['without'], $r['less']), [
        'at most 1 ms more' => [sprintf('%.2f', $ms), $ms <= 1.0],
        'at most 500 KiB more' => [(string) $kib, $kib <= 500],
    ]);
}
