/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * worker.c - a worker that can be paused, and that counts what it has done.
 *
 *     worker LIST
 *
 * LIST is a file with one task a line: the path of a file whose checksum is wanted. Start as many
 * workers on the same LIST as you like, on one space (PHPSYNC_DSN): each task is done exactly once.
 *
 *   Lock    pause     while it exists, workers finish the task they have and begin no other
 *   Integer next      how many tasks were handed out: whoever increments it to n does task n
 *   Integer finished  how many tasks are done: what a progress bar shows
 */
#include <phpsync/phpsync.h>

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

/* Everything a call of the library has to say when it fails stands in its error. */
static void must(psync_result result, const psync_error *error)
{
    if (result < 0) {
        fprintf(stderr, "worker: %s\n", error->message);
        exit(EXIT_FAILURE);
    }
}

/* Reads the list's lines, without their line ends. */
static char **read_tasks(const char *path, int64_t *count)
{
    FILE *list = fopen(path, "r");
    if (!list) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    char **tasks = NULL;
    char *line = NULL;
    size_t room = 0;
    *count = 0;
    while (getline(&line, &room, list) > 0) {
        tasks = realloc(tasks, (size_t)(*count + 1) * sizeof *tasks);
        if (!tasks) abort();
        line[strcspn(line, "\n")] = '\0';
        tasks[(*count)++] = line;
        line = NULL;
    }
    free(line);
    fclose(list);
    return tasks;
}

/* The work itself: sha256sum prints the checksum to our standard output. */
static void do_task(char *path)
{
    char *command[] = {"sha256sum", "--", path, NULL};
    pid_t child;
    int status;
    if (posix_spawnp(&child, command[0], NULL, NULL, command, environ) != 0 || waitpid(child, &status, 0) < 0 ||
        status != 0) {
        fprintf(stderr, "worker: no checksum of %s\n", path);
        exit(EXIT_FAILURE);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: worker LIST\n");
        return 64;
    }
    int64_t count;
    char **tasks = read_tasks(argv[1], &count);

    psync_error error;
    psync_space *space;
    psync_lock *pause;
    psync_integer *next;
    psync_integer *finished;
    must(psync_space_open(NULL, NULL, &space, &error), &error);
    must(psync_lock_open(space, "pause", 5, &pause, &error), &error);
    must(psync_integer_open(space, "next", 4, &next, &error), &error);
    must(psync_integer_open(space, "finished", 8, &finished, &error), &error);

    for (;;) {
        int64_t number;
        must(psync_lock_wait(pause, NULL, &error), &error);
        must(psync_integer_add(next, 1, &number, &error), &error);
        if (number > count) break;
        do_task(tasks[number - 1]);
        must(psync_integer_add(finished, 1, NULL, &error), &error);
    }

    psync_integer_close(finished);
    psync_integer_close(next);
    psync_lock_close(pause);
    psync_space_close(space);
    while (count > 0) free(tasks[--count]);
    free(tasks);
    return EXIT_SUCCESS;
}
