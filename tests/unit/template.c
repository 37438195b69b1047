/* SPDX-License-Identifier: BSD-3-Clause */
/* template.c - makes the template, as a process of its own that takes Locks and ends. */
#include "template.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"

char template_folder[64];
char file_path[200];
char dsn[200];
unsigned char *template_bytes;
size_t template_length;

void write_file(const void *bytes, size_t length)
{
    unlink(file_path);
    int fd = open(file_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    NEED(fd >= 0);
    NEED(write(fd, bytes, length) == (ssize_t)length);
    close(fd);
}

void key_name(char key[KEY_ROOM], int number)
{
    /* Every fourth is long enough to need cells of its own. */
    sprintf(key, "key %0*d", number % 4 == 0 ? 150 + 15 * number : 3, number);
}

static void fill_space(void)
{
    psync_space *space = opened(dsn);
    char key[KEY_ROOM];
    for (int i = 0; i < KEYS; i++) {
        key_name(key, i);
        psync_hold *hold = NULL;
        if (i % 3 == 0) NEED(psync_lock_acquire(lock_of(space, key), NULL, NULL, &error) == PSYNC_OK);
        if (i % 3 == 1)
            NEED(psync_lock_hold(lock_of(space, key), i % 2 ? 0 : 1000, NULL, &hold, &error) == PSYNC_OK);
        NEED(psync_integer_set(integer_of(space, key), i, &error) == PSYNC_OK);
        if (i % 5 == 0) NEED(psync_integer_remove(integer_of(space, key), &error) == PSYNC_OK);
    }
}

int make_template(void **state)
{
    (void)state;
    strcpy(template_folder, "/dev/shm/phpsync-hostile-XXXXXX");
    if (!mkdtemp(template_folder)) return -1;
    snprintf(dsn, sizeof dsn, "shm://n?path=%s&timeout=0.05", template_folder);
    in_child(fill_space);
    DIR *listing = opendir(template_folder);
    for (struct dirent *entry; listing && (entry = readdir(listing)) != NULL;) {
        if (entry->d_name[0] != '.')
            snprintf(file_path, sizeof file_path, "%s/%.100s", template_folder, entry->d_name);
    }
    if (listing) closedir(listing);
    int fd = open(file_path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) return -1;
    template_length = (size_t)st.st_size;
    template_bytes = malloc(template_length);
    bool good = template_bytes && read(fd, template_bytes, template_length) == (ssize_t)template_length;
    close(fd);
    return good ? 0 : -1;
}

int remove_template(void **state)
{
    (void)state;
    free(template_bytes);
    unlink(file_path);
    return rmdir(template_folder);
}
