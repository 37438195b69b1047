<?php
/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A cron job of which never two run at once, on whatever schedule.
 *
 *   * * * * *  php cron.php
 *
 * The Lock goes when the script ends in any way, also by SIGKILL: nothing
 * is left behind that somebody has to clear.
 */

use PhpSync\Core\Exceptions\LockTimeoutException;
use PhpSync\Space;

$job = static function (): int {
    // The work itself: here, the nightly sum of what the workers have done.
    $space = Space::open();
    return $space->getInteger('nightly-sum')->increment($space->getInteger('finished')->getValue());
};

try {
    $sum = Space::open()->getLock('cron-nightly-sum')->synchronized($job, 0.0);
    echo "sum: $sum\n";
} catch (LockTimeoutException $e) {
    fwrite(STDERR, "the last run is still going\n");
    exit(75); // EX_TEMPFAIL: cron tries again next time
}
