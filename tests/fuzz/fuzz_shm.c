/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz_shm.c - any bytes as a shared-memory space's file: opened, then every operation.
 *
 * An input is the file without its zeros: its length in cells, then 8-byte
 * words and where they belong. So a whole space with all kinds of things takes
 * a few kilobytes, and the mutator can change one field of one cell. A new
 * layout needs a new corpus: tests/fuzz/grow makes one from nothing.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/shm/process.h"
#include "drivers/shm/state.h"
#include "space.h"

struct __attribute__((packed)) input_word {
    uint32_t place; /* in words from the file's beginning */
    uint64_t value;
};
struct __attribute__((packed)) input_head {
    uint32_t cells;
};

enum {
    CELLS_MAX = 8192,
    WORDS_PER_CELL = SHM_CELL / 8,
    TAG_WORD = offsetof(struct shm_cell, tag) / 8,
    TAG_SHIFT = offsetof(struct shm_cell, tag) % 8 * 8,
    WORDS_MAX = CELLS_MAX * WORDS_PER_CELL
};

static char dsn[300], path[300];

static void prepare(void)
{
    /* What a broken number makes a file grow to must not fill the machine's memory. */
    const struct rlimit limit = {8 << 20, 8 << 20};
    setrlimit(RLIMIT_FSIZE, &limit);
    signal(SIGXFSZ, SIG_IGN);
    snprintf(dsn, sizeof dsn, "shm://n?path=%s&size=2M", scratch());
    snprintf(path, sizeof path, "%s/" SHM_FILE_PREFIX "n", scratch());
}

/* ---- bytes and files --------------------------------------------------------------- */

static bool write_image(const uint8_t *data, size_t size)
{
    static uint64_t words[WORDS_MAX];
    struct input_head head;
    struct input_word word;
    if (size < sizeof head) return false;
    memcpy(&head, data, sizeof head);
    const size_t length = (size_t)(head.cells % CELLS_MAX) * SHM_CELL;
    memset(words, 0, length);
    for (size_t at = sizeof head; at + sizeof word <= size; at += sizeof word) {
        memcpy(&word, data + at, sizeof word);
        if ((size_t)word.place * 8 < length) words[word.place] = word.value;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    NEED(fd >= 0 && write(fd, words, length) == (ssize_t)length);
    close(fd);
    return true;
}

/* An honest space as an input. */
static size_t make_seed(int number, uint8_t *data, size_t room)
{
    static uint64_t words[WORDS_MAX];
    if (number == 8) return 0;
    prepare();
    same_begin();
    fuzz_fill(dsn, (uint64_t)number);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = read(fd, words, sizeof words);
    NEED(length > 0 && close(fd) == 0 && unlink(path) == 0);
    struct input_head head = {(uint32_t)(length / SHM_CELL)};
    memcpy(data, &head, sizeof head);
    size_t used = sizeof head;
    for (uint32_t place = 0; place < length / 8; place++) {
        struct input_word word = {place, words[place]};
        if (!word.value) continue;
        NEED(used + sizeof word <= room);
        memcpy(data + used, &word, sizeof word);
        used += sizeof word;
    }
    return used;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    scratch_seeds(*argc, *argv, make_seed);
    prepare();
    return 0;
}

/* Closes the space as if the process had ended: else each input's file would stay mapped. */
static void forget(psync_space *space)
{
    struct shm_state *state = space->state;
    shm_files_lock();
    shm_process_forget(state->file);
    shm_files_unlock();
    psync_space_close(space);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    psync_error error;
    psync_space *space = NULL;
    if (!write_image(data, size)) return 0;
    same_begin();
    if (fuzz_sane(psync_space_open(dsn, NULL, &space, &error), &error) == PSYNC_OK) {
        fuzz_use(space);
        forget(space);
    }
    unlink(path);
    return 0;
}

/* ---- the mutator --------------------------------------------------------------------- */

struct mutation {
    uint8_t *data;
    size_t size, max_size;
    uint64_t random;
};

static uint32_t words_of(const struct mutation *m)
{
    return (uint32_t)((m->size - sizeof(struct input_head)) / sizeof(struct input_word));
}

static uint8_t *word_at(const struct mutation *m, uint32_t index)
{
    return m->data + sizeof(struct input_head) + index * sizeof(struct input_word);
}

static struct input_word any_word(struct mutation *m)
{
    struct input_word word = {0, 0};
    if (words_of(m)) memcpy(&word, word_at(m, draw(&m->random, words_of(m))), sizeof word);
    return word;
}

static uint32_t any_cell(struct mutation *m)
{
    struct input_head head;
    memcpy(&head, m->data, sizeof head);
    switch (draw(&m->random, 4)) {
    case 0:
        return draw(&m->random, SHM_HEADER_CELLS);
    case 1:
        return draw(&m->random, head.cells % CELLS_MAX + 1);
    default:
        return any_word(m).place / WORDS_PER_CELL;
    }
}

/* A tag in one half: kind and length of a key. */
static uint64_t any_tag(struct mutation *m, uint64_t old, uint64_t shift)
{
    static const uint32_t lengths[] = {
        0, 1, SHM_KEY_INLINE, SHM_KEY_INLINE + 1, PSYNC_KEY_MAX, PSYNC_KEY_MAX + 1, 1100, UINT32_MAX >> 8};
    uint32_t kind = draw(&m->random, 2) ? (uint32_t)(old >> shift) & 0xff : draw(&m->random, SHM_FOUND + 2);
    uint32_t length = lengths[draw(&m->random, sizeof lengths / sizeof *lengths)];
    return (old & ~(UINT64_C(0xffffffff) << shift)) | (uint64_t)(kind | length << 8) << shift;
}

/* Numbers that fields hold, and that hurt. */
static uint64_t any_value(struct mutation *m, uint64_t old)
{
    static const uint64_t edges[] = {
        0, 1, 31, 32, INT32_MAX, UINT32_MAX, INT64_MAX, UINT64_MAX, UINT64_C(1) << 31, UINT64_C(1) << 63};
    const uint64_t shift = draw(&m->random, 2) * 32;
    switch (draw(&m->random, 9)) {
    case 0:
        return edges[draw(&m->random, sizeof edges / sizeof *edges)];
    case 1:
        return old ^ UINT64_C(1) << draw(&m->random, 64);
    case 2:
        return old + (draw(&m->random, 2) ? UINT64_C(1) << shift : -(UINT64_C(1) << shift));
    case 3:
        return any_word(m).value;
    case 4: /* an index in one half */
        return (old & ~(UINT64_C(0xffffffff) << shift)) | (uint64_t)any_cell(m) << shift;
    case 5:
        return any_tag(m, old, shift);
    case 6:
        return (old & ~(UINT64_C(0xffffffff) << shift)) | (uint64_t)(uint32_t)edges[draw(&m->random, 8)] << shift;
    case 7:
        return draw64(&m->random);
    default:
        LLVMFuzzerMutate((uint8_t *)&old, sizeof old, sizeof old);
        return old;
    }
}

static void change_word(struct mutation *m)
{
    if (!words_of(m)) return;
    uint8_t *at = word_at(m, draw(&m->random, words_of(m)));
    struct input_word word;
    memcpy(&word, at, sizeof word);
    bool has_tag = word.place % WORDS_PER_CELL == TAG_WORD;
    word.value = has_tag && draw(&m->random, 2) ? any_tag(m, word.value, TAG_SHIFT) : any_value(m, word.value);
    memcpy(at, &word, sizeof word);
}

static void add_word(struct mutation *m, struct input_word word)
{
    if (m->size + sizeof word > m->max_size) return;
    m->size = sizeof(struct input_head) + words_of(m) * sizeof word; /* without a torn last one */
    memcpy(m->data + m->size, &word, sizeof word);
    m->size += sizeof word;
}

static void drop_word(struct mutation *m)
{
    if (!words_of(m)) return;
    uint8_t *at = word_at(m, draw(&m->random, words_of(m)));
    memmove(at, at + sizeof(struct input_word), (size_t)(m->data + m->size - at) - sizeof(struct input_word));
    m->size -= sizeof(struct input_word);
}

static void copy_cell(struct mutation *m)
{
    const uint32_t from = any_cell(m), to = any_cell(m), count = words_of(m);
    for (uint32_t i = 0; i < count; i++) {
        struct input_word word;
        memcpy(&word, word_at(m, i), sizeof word);
        if (word.place / WORDS_PER_CELL != from) continue;
        word.place = to * WORDS_PER_CELL + word.place % WORDS_PER_CELL;
        add_word(m, word);
    }
}

static void change_length(struct mutation *m)
{
    struct input_head head;
    memcpy(&head, m->data, sizeof head);
    head.cells = draw(&m->random, 2) ? draw(&m->random, CELLS_MAX) : head.cells + draw(&m->random, 65) - 32;
    memcpy(m->data, &head, sizeof head);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    struct mutation m = {data, size, max_size, seed};
    if (size < sizeof(struct input_head)) return LLVMFuzzerMutate(data, size, max_size);
    for (uint32_t times = 1 + draw(&m.random, 4); times > 0; times--) {
        uint32_t what = draw(&m.random, 16);
        if (what < 8) {
            change_word(&m);
        } else if (what < 12) {
            uint32_t place = any_cell(&m) * WORDS_PER_CELL + draw(&m.random, WORDS_PER_CELL);
            add_word(&m, (struct input_word){place, any_value(&m, any_word(&m).value)});
        } else if (what < 13) {
            drop_word(&m);
        } else if (what < 15) {
            copy_cell(&m);
        } else {
            change_length(&m);
        }
    }
    return m.size;
}
