/* SPDX-License-Identifier: BSD-3-Clause */
/* ledger.c - what the proxy saw; ledger.h describes it. Sequentially consistent throughout: speed is of no matter.
 */
#include "ledger.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct {
    const char *name; /* how such keys begin */
    enum about about;
} marks[] = {{"key-", ABOUT_INTEGERS}, {"swapped-", ABOUT_INTEGERS}, {"lock-", ABOUT_LOCKS}};

struct ledger *ledger_open(const char *path)
{
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || ftruncate(file, sizeof(struct ledger)) != 0) wire_die("%s: %s", path, strerror(errno));
    void *memory = mmap(NULL, sizeof(struct ledger), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) wire_die("%s: %s", path, strerror(errno));
    close(file);
    return memory;
}

struct ledger_line *ledger_of(struct ledger *ledger, pid_t pid)
{
    for (unsigned i = 0; i < LEDGER_LINES; i++) {
        struct ledger_line *line = &ledger->lines[((unsigned)pid + i) % LEDGER_LINES];
        int owner = 0;
        if (atomic_compare_exchange_strong(&line->pid, &owner, pid) || owner == pid) return line;
    }
    wire_die("the ledger is full");
}

static bool says(const char *data, size_t length, const char *word)
{
    return memmem(data, length, word, strlen(word)) != NULL;
}

/* PostgreSQL: a statement with a key and no other parameter looks, or prepares something as often as one likes. */
static bool has_key_alone(const char *data, size_t length, const char *key, size_t key_length)
{
    const char *found = memmem(data, length, key, key_length);
    const char before[] = {0, 1, 0, 0, 0, (char)(key_length + 1)};
    return found - data >= (ptrdiff_t)sizeof before && memcmp(found - sizeof before, before, sizeof before) == 0;
}

unsigned ledger_asked(struct ledger_line *line, const char *data, size_t length)
{
    unsigned abouts = 0;
    if (says(data, length, "SUBSCRIBE")) return 0; /* who listens asks nothing */
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        const char *name = marks[i].name;
        if (says(data, length, name) && !has_key_alone(data, length, name, strlen(name)))
            abouts |= 1U << marks[i].about;
    }
    for (unsigned about = 0; about < ABOUTS; about++) {
        if (!(abouts & 1U << about)) continue;
        atomic_store(&line->sums[about].answered_at, 0);
        atomic_fetch_add(&line->sums[about].asked, 1);
    }
    return abouts;
}

void ledger_answered(struct ledger_line *line, unsigned abouts)
{
    for (unsigned about = 0; about < ABOUTS; about++) {
        if (!(abouts & 1U << about)) continue;
        atomic_fetch_add(&line->sums[about].answered, 1);
        atomic_store(&line->sums[about].answered_at, wire_now());
    }
}

void ledger_cut(struct ledger_line *line, unsigned abouts)
{
    for (unsigned about = 0; about < ABOUTS; about++) {
        if (abouts & 1U << about) atomic_fetch_add(&line->sums[about].lost, 1);
    }
    atomic_store(&line->cut_at, wire_now());
}
