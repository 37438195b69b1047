/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * linearizability - records what processes (or threads) do to a space at the
 * same time, and checks that it could have been done one call after the other.
 *
 * history.h   what was called, and what each call can do    model.h   what a Lock and an Integer are
 * workload.c  what to call, from a seed                     check.c   the search for an order
 * record.c    lanes, kills; perform.c: the calls            shrink.c, draw.c, judge.c  a rejected history told
 * twin.c      a correct driver in memory                    broken*.c, proof.c         what must be rejected
 * flaky.c     the same, with calls that fail or have an unknown outcome
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "broken.h"
#include "flaky.h"
#include "judge.h"
#include "perform.h"
#include "proof.h"
#include "twin.h"
#include "workload.h"

static const char usage[] =
    "Usage: linearizability [OPTION...] DSN      checks histories of a space\n"
    "       linearizability --proof [OPTION...]  checks that broken drivers are rejected, a correct one accepted\n"
    "  --seed N        the first history's workload; the next ones have N + 1, N + 2 (default: from the clock)\n"
    "  --seconds S     for so long (default 10)\n"
    "  --histories N   no more than so many\n"
    "  --processes N   up to so many at once, 2 to 8 (default 4)\n"
    "  --liveness S    within what time a killed holder's Hold has to be free (default 1)\n"
    "  --threads       threads instead of processes; nobody is killed\n"
    "  --no-kills      processes, none of which is killed\n"
    "  --outages       the engine may be out of reach at times: a call may fail, or have an unknown outcome\n"
    "  --draw FOLDER   where the picture of a rejected history goes (default: the temporary folder)\n"
    "  --print         prints the workloads\n"
    "\"twin://NAME\" is the correct driver in memory that --proof uses; \"flaky://NAME\" is the same with "
    "outages.\n";

struct options {
    struct setup setup;
    bool proof, print, draw_given;
    uint64_t seed;
    double seconds;
    long histories;
    int processes;
    const char *folder;
};

struct sums {
    long histories, calls, cut_off, killed;
    size_t configurations;
};

static void add_up(struct sums *sums, const struct history *history, const struct judgement *judgement)
{
    sums->histories++;
    sums->calls += history->count;
    sums->configurations += judgement->configurations;
    for (int i = 0; i < history->count; i++) sums->cut_off += history->calls[i].respond == NEVER;
}

/* The options that a workload depends on. */
static const char *how(const struct setup *setup)
{
    if (setup->threads) return " --threads";
    return setup->no_kills ? " --no-kills" : "";
}

/* One history. */
static bool examine(const struct options *options, uint64_t seed, struct sums *sums)
{
    static struct workload workload;
    static struct history history;
    char name[60];
    workload_make(seed, options->processes, setup_kills(&options->setup), &workload);
    if (options->print) workload_print(&workload);
    if (!record(&options->setup, &workload, &history)) {
        printf("seed %" PRIu64 ": %s\n", seed, shared->why);
        return false;
    }
    struct judgement judgement = judge(&history);
    add_up(sums, &history, &judgement);
    sums->killed += workload.kills;
    if (judgement.answer == ACCEPTED) return true;
    snprintf(name, sizeof name, "seed-%" PRIu64, seed);
    tell(&history, &judgement, name, options->folder);
    printf("The workload, not the timing, comes again with --seed %" PRIu64 " --histories 1 --processes %d%s\n",
           seed, options->processes, how(&options->setup));
    return false;
}

static bool campaign(const struct options *options)
{
    struct sums sums = {0};
    int64_t end = now_ns() + (int64_t)(options->seconds * 1e9);
    bool ok = recorder_start(&options->setup);
    if (!ok) printf("%s\n", shared->why);
    for (uint64_t seed = options->seed; ok && sums.histories < options->histories; seed++) {
        if (sums.histories && now_ns() > end) break; /* one at the least */
        ok = examine(options, seed, &sums);
    }
    recorder_stop(&options->setup);
    printf("seeds from %" PRIu64 ": %ld histories, %ld calls, %ld processes killed, %ld calls cut off, %zu "
           "configurations\n%d passed, %d failed, 0 skipped\n",
           options->seed, sums.histories, sums.calls, sums.killed, sums.cut_off, sums.configurations, ok, !ok);
    return ok;
}

/* ---- the command line ------------------------------------------------------------------------- */

static bool number(const char *text, double least, double most, double *result)
{
    char *rest;
    *result = strtod(text, &rest);
    return *text && !*rest && *result >= least && *result <= most;
}

enum { SEED = 1000, SECONDS, HISTORIES, PROCESSES, LIVENESS, THREADS, NO_KILLS, OUTAGES, DRAW, PRINT, PROOF };

static bool set_option(struct options *options, int option, const char *text)
{
    double value = 0;
    char *rest;
    switch (option) {
    case SEED:
        options->seed = strtoull(text, &rest, 0);
        return *text && !*rest;
    case SECONDS:
        return number(text, 0, 1e6, &options->seconds);
    case HISTORIES:
        options->histories = strtol(text, &rest, 10);
        return *text && !*rest && options->histories > 0;
    case PROCESSES:
        if (!number(text, 2, 8, &value)) return false;
        options->processes = (int)value;
        return true;
    case LIVENESS:
        return number(text, 0, 1e4, &options->setup.liveness);
    case THREADS:
        return options->setup.threads = true;
    case NO_KILLS:
        return options->setup.no_kills = true;
    case OUTAGES:
        return options->setup.outages = true;
    case DRAW:
        options->folder = text;
        return options->draw_given = true;
    case PRINT:
        return options->print = true;
    case PROOF:
        return options->proof = true;
    default:
        return false;
    }
}

static bool read_options(struct options *options, int argc, char **argv)
{
    static const struct option names[] = {{"seed", required_argument, NULL, SEED},
                                          {"seconds", required_argument, NULL, SECONDS},
                                          {"histories", required_argument, NULL, HISTORIES},
                                          {"processes", required_argument, NULL, PROCESSES},
                                          {"liveness", required_argument, NULL, LIVENESS},
                                          {"threads", no_argument, NULL, THREADS},
                                          {"no-kills", no_argument, NULL, NO_KILLS},
                                          {"outages", no_argument, NULL, OUTAGES},
                                          {"draw", required_argument, NULL, DRAW},
                                          {"print", no_argument, NULL, PRINT},
                                          {"proof", no_argument, NULL, PROOF},
                                          {0}};
    int option;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (!set_option(options, option, optarg)) return false;
    }
    if (options->proof) return optind == argc;
    options->setup.dsn = argv[optind];
    return optind == argc - 1;
}

int main(int argc, char **argv)
{
    const char *temporary = getenv("TMPDIR");
    struct options options = {.setup = {.liveness = 1},
                              .seed = (uint64_t)now_ns() % 1000000000,
                              .seconds = 10,
                              .histories = LONG_MAX,
                              .processes = 4,
                              .folder = temporary ? temporary : "/tmp"};
    if (!read_options(&options, argc, argv)) {
        fputs(usage, stderr);
        return 64;
    }
    bool ok;
    static psync_driver flaky;
    twin_create();
    flaky = flaky_create();
    if (options.proof) {
        ok = prove(&flaky, options.setup.threads, options.draw_given ? options.folder : NULL);
    } else {
        if (strncmp(options.setup.dsn, "twin:", 5) == 0) options.setup.driver = &twin_driver;
        if (strncmp(options.setup.dsn, "flaky:", 6) == 0) options.setup.driver = &flaky;
        honest = true;
        ok = campaign(&options);
    }
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
