<?php
/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The admin page of the workers: progress, pause, resume. No framework.
 *
 *   PHPSYNC_DSN=... php -S 127.0.0.1:8080 admin.php
 *
 * Pausing is one request that locks and ends; resuming, another, in whatever
 * process the server gives it. GET ?after=N answers with the progress as JSON
 * once it is no longer N, within a second: the page asks again and again, and
 * each question sleeps until a worker counts.
 */

use PhpSync\Space;

$space = Space::open();
$pause = $space->getLock('pause');
$finished = $space->getInteger('finished');
$total = $space->getInteger('total')->getValue();

function escape(string $text): string
{
    return htmlspecialchars($text, ENT_QUOTES | ENT_SUBSTITUTE, 'UTF-8');
}

// Forms of other sites cannot know the cookie, so they cannot repeat it in the form.
$token = $_COOKIE['admin_token'] ?? '';
if (!is_string($token) || !preg_match('/^[0-9a-f]{32}$/', $token)) {
    $token = bin2hex(random_bytes(16));
    setcookie('admin_token', $token, ['path' => '/', 'httponly' => true, 'samesite' => 'Strict']);
}

if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    $given = $_POST['token'] ?? '';
    $action = $_POST['action'] ?? '';
    if (!is_string($given) || !isset($_COOKIE['admin_token']) || !hash_equals($token, $given)) {
        http_response_code(403);
        exit('This form is not from this page; load the page again.');
    }
    if ($action === 'pause') {
        $pause->tryLock(); // a second click is no error
    } elseif ($action === 'resume') {
        $pause->unlock();
    } else {
        http_response_code(400);
        exit('The action is pause or resume.');
    }
    header('Location: ' . strtok($_SERVER['REQUEST_URI'], '?'), true, 303);
    exit;
}

if (isset($_GET['after'])) {
    if ((string) $finished->getValue() === $_GET['after']) {
        $finished->waitForChange(1.0);
    }
    header('Content-Type: application/json');
    header('Cache-Control: no-store');
    echo json_encode(['finished' => $finished->getValue(), 'total' => $total, 'paused' => $pause->exists()]);
    exit;
}

$owner = $pause->owner();
header('Content-Type: text/html; charset=utf-8');
header("Content-Security-Policy: default-src 'none'; script-src 'nonce-$token'; connect-src 'self'; form-action 'self'");
?>
<!doctype html>
<html lang="en">
<title>Workers</title>
<h1>Workers</h1>
<p><progress id="bar" value="<?= $finished->getValue() ?>" max="<?= max(1, $total) ?>"></progress>
<span id="count"><?= $finished->getValue() ?> of <?= $total ?></span></p>
<?php if ($owner !== null) { ?>
<p>Paused since <?= escape($owner->acquiredAt->format('H:i:s')) ?> UTC by <?= escape($owner->label) ?> on <?= escape($owner->host) ?>.</p>
<?php } ?>
<form method="post">
<input type="hidden" name="token" value="<?= escape($token) ?>">
<button name="action" value="<?= $owner === null ? 'pause' : 'resume' ?>"><?= $owner === null ? 'Pause' : 'Resume' ?></button>
</form>
<script nonce="<?= escape($token) ?>">
const bar = document.getElementById('bar'), count = document.getElementById('count');
let paused = <?= json_encode($owner !== null) ?>;
(async () => {
    for (;;) {
        const state = await (await fetch('?after=' + bar.value)).json();
        bar.max = Math.max(1, state.total);
        bar.value = state.finished;
        count.textContent = state.finished + ' of ' + state.total;
        if (state.paused !== paused) location.reload();
    }
})();
</script>
