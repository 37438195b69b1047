/* SPDX-License-Identifier: BSD-3-Clause */
/* php.c - the PHP process: it reads a task, and answers with the nanoseconds that it took. */
#include "file.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct php {
    FILE *tasks;
    FILE *answers;
    int ends[2]; /* the child's: what it reads, what it writes */
    bool extension;
    char load[PATH_MAX]; /* "extension=FILE" */
    char folder[PATH_MAX];
};

__attribute__((format(printf, 1, 2))) static bool runs(const char *format, ...)
{
    char command[3 * PATH_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    return system(command) == 0;
}

static void be_php(unsigned index, void *argument)
{
    (void)index;
    struct php *php = argument;
    fclose(php->tasks);
    fclose(php->answers);
    dup2(php->ends[0], STDIN_FILENO);
    dup2(php->ends[1], STDOUT_FILENO);
    execlp("php", "php", "-n", "-d", php->extension ? php->load : "display_errors=stderr", "bench/php-sync-fs.php",
           php->folder, (char *)NULL);
    bench_die("php could not be started");
}

struct php *php_start(const struct place *place)
{
    if (access("bench/php-sync-fs.php", R_OK) != 0 || !runs("php -n -v >/dev/null 2>&1")) {
        bench_note("without php-sync-fs: there is no php, or this was not started in the project's root");
        return NULL;
    }
    struct php *php = calloc(1, sizeof *php);
    int tasks[2], answers[2];
    if (!php || pipe(tasks) != 0 || pipe(answers) != 0) bench_die("no pipes");
    snprintf(php->folder, sizeof php->folder, "%s", place->folder);
    snprintf(php->load, sizeof php->load, "extension=%s/out/ext/phpsync.so", place->root);
    php->extension = runs("php -n -d '%s' -r 'PhpSync\\Space::open(\"file://%s/extension\");' >/dev/null 2>&1",
                          php->load, place->folder);
    if (!php->extension) bench_note("without the extension: there is no out/ext/phpsync.so that has files");
    php->tasks = fdopen(tasks[1], "w");
    php->answers = fdopen(answers[0], "r");
    php->ends[0] = tasks[0];
    php->ends[1] = answers[1];
    bench_fork(1, be_php, php, NULL);
    close(php->ends[0]);
    close(php->ends[1]);
    return php;
}

bool php_has_extension(const struct php *php)
{
    return php->extension;
}

double php_time(struct php *php, const char *task, long operations)
{
    int64_t taken;
    fprintf(php->tasks, "%s %ld\n", task, operations);
    fflush(php->tasks);
    if (fscanf(php->answers, "%" SCNd64, &taken) != 1) bench_die("no answer from php-sync-fs.php to %s", task);
    return (double)taken / (double)operations;
}

void php_end(struct php *php)
{
    if (!php) return;
    fclose(php->tasks);
    bench_join();
    fclose(php->answers);
    free(php);
}
