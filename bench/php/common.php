<?php
/* SPDX-License-Identifier: BSD-3-Clause */
/* How the benchmarks in PHP take turns, and how they print. */

const ROUNDS = 7;

function percentile(array $values, float $part): float
{
    sort($values);
    return $values[(int) floor($part * (count($values) - 1))];
}

/** Runs each subject in turn, ROUNDS times; name => median of what it returned. */
function interleaved(array $subjects): array
{
    $results = [];
    for ($round = 0; $round < ROUNDS; $round++) {
        foreach ($subjects as $name => $subject) {
            $results[$name][] = $subject();
        }
    }
    return array_map(static function (array $values) {
        return percentile($values, 0.5);
    }, $results);
}

/** A ratio and whether it is what the goal asks for. */
function at_least(float $ratio, float $limit): array
{
    return [sprintf('%.2f', $ratio), $ratio >= $limit];
}

function at_most(float $ratio, float $limit): array
{
    return [sprintf('%.2f', $ratio), $ratio <= $limit];
}

/** One measure: its figures, and below them each goal with what was reached: [as text, whether it is met]. */
function row(string $what, string $figures, array $goals): void
{
    echo "$what: $figures\n";
    foreach ($goals as $goal => [$reached, $met]) {
        printf("    %-52s %9s  %s\n", $goal, $reached, $met ? 'met' : 'MISSED');
    }
}
