/* SPDX-License-Identifier: BSD-3-Clause */
/* entry.c - folders from bytes. Every step down is made without following links, so nothing lands outside. */
#include "entry.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/file/md5.h"

enum { HEAD = 4, ENTRY_ELSEWHERE = 64, CONTENT_MAX = 8192 };

struct entry {
    enum entry_kind kind;
    unsigned place;
    const uint8_t *content;
    size_t length;
};

/* ---- places --------------------------------------------------------------------- */

static char places[ENTRY_ELSEWHERE][96];
static unsigned place_count;

static void add_place(const char *category, const char *digest, const char *suffix)
{
    snprintf(places[place_count++], sizeof *places, "%s/%.2s/%.2s/%s%s", category, digest, digest + 2, digest,
             suffix);
}

static void add_key(const struct fuzz_key *key)
{
    uint8_t bytes[FILE_DIGEST];
    char digest[2 * FILE_DIGEST + 1];
    file_md5(key->bytes, key->length, bytes);
    for (int i = 0; i < FILE_DIGEST; i++) snprintf(digest + 2 * i, 3, "%02x", bytes[i]);
    add_place("locks", digest, "");
    add_place("integers", digest, "");
    add_place("integers", digest, ".key");
    snprintf(places[place_count++], sizeof *places, "locks/%.2s/%.2s", digest, digest + 2);
    snprintf(places[place_count++], sizeof *places, "integers/%.2s/%.2s", digest, digest + 2);
    snprintf(places[place_count++], sizeof *places, "integers/%.2s", digest);
}

static void list_places(void)
{
    static const char *const others[] = {"locks",          "integers",       ".phpsync",      ".phpsync/life",
                                         ".phpsync/fence", ".phpsync/spare", ".phpsync/audit"};
    if (place_count) return;
    for (int number = 0; number < FUZZ_KEYS; number++) add_key(fuzz_key(number));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        snprintf(places[place_count++], sizeof *places, "%s", others[i]);
    }
    /* A spare of the one process there is: the first random number names it. */
    same_begin();
    snprintf(places[place_count++], sizeof *places, "locks/00/00/%032d", 0);
    snprintf(places[place_count++], sizeof *places, "integers/00/00/%032d", 0);
    snprintf(places[place_count++], sizeof *places, ".phpsync/spare/%016d-0", 1);
}

static unsigned place_of(const char *path)
{
    list_places();
    for (unsigned place = 0; place < place_count; place++) {
        if (strcmp(places[place], path) == 0) return place;
    }
    return ENTRY_ELSEWHERE;
}

/* ---- bytes ---------------------------------------------------------------------- */

/* The entry that begins at *at; moves *at behind it. False at the end. */
static bool next_entry(const uint8_t *data, size_t size, size_t *at, struct entry *entry)
{
    if (size - *at < HEAD) return false;
    const uint8_t *head = data + *at;
    size_t length = (size_t)(head[2] | head[3] << 8);
    if (length > CONTENT_MAX) length = CONTENT_MAX;
    if (length > size - *at - HEAD) length = size - *at - HEAD;
    *entry = (struct entry){head[0] % ENTRY_KINDS, head[1], head + HEAD, length};
    *at += HEAD + length;
    return true;
}

/* 0 if it does not fit. */
static size_t put_entry(uint8_t *data, size_t room, const struct entry *entry)
{
    size_t size = HEAD + entry->length;
    if (size > room) return 0;
    memmove(data + HEAD, entry->content, entry->length);
    data[0] = (uint8_t)entry->kind;
    data[1] = (uint8_t)entry->place;
    data[2] = (uint8_t)(entry->length & 0xff);
    data[3] = (uint8_t)(entry->length >> 8);
    return size;
}

/* Splits the path off an entry that has its own, else tells its place's. False: it has none. */
static bool path_of(struct entry *entry, char path[PATH_MAX])
{
    list_places();
    if (entry->place < ENTRY_ELSEWHERE) {
        snprintf(path, PATH_MAX, "%s", places[entry->place % place_count]);
        return true;
    }
    const uint8_t *end = memchr(entry->content, '\0', entry->length);
    if (!end || end == entry->content || end - entry->content >= PATH_MAX) return false;
    size_t length = (size_t)(end - entry->content);
    memcpy(path, entry->content, length + 1);
    entry->content += length + 1;
    entry->length -= length + 1;
    return true;
}

/* ---- laying out ------------------------------------------------------------------- */

/* Opens the folder that the path's last part belongs into, making what is missing. *name: that part. */
static int enter(const char *root, char *path, char **name)
{
    int at = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char *rest = path;
    *name = NULL;
    for (char *part; at >= 0 && (part = strsep(&rest, "/"));) {
        if (!*part || strcmp(part, ".") == 0 || strcmp(part, "..") == 0) continue;
        if (!rest) {
            *name = part;
            return at;
        }
        mkdirat(at, part, 0777);
        int next = openat(at, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        close(at);
        at = next;
    }
    if (at >= 0) close(at);
    return -1;
}

static void make_file(int at, const char *name, const struct entry *entry)
{
    int fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0) return;
    NEED(write(fd, entry->content, entry->length) == (ssize_t)entry->length);
    close(fd);
}

/* The content's first byte chooses: outside, the file there, or what the content says, which stays below root. */
static void make_link(const char *root, int at, const char *name, const struct entry *entry)
{
    char target[PATH_MAX];
    unsigned which = entry->length ? entry->content[0] % 3 : 0;
    if (which < 2) {
        snprintf(target, sizeof target, "%.*s/" ENTRY_OUTSIDE "%s", (int)(strrchr(root, '/') - root), root,
                 which ? "/file" : "");
    } else {
        snprintf(target, sizeof target, "%.*s", (int)(entry->length - 1), (const char *)entry->content + 1);
        if (*target == '/' || strstr(target, "..") || !*target) return;
    }
    (void)!symlinkat(target, at, name);
}

static void make(const char *root, int at, const char *name, const struct entry *entry, const char *before)
{
    switch (entry->kind) {
    case ENTRY_FOLDER:
        mkdirat(at, name, 0777);
        break;
    case ENTRY_LINK:
        make_link(root, at, name, entry);
        break;
    case ENTRY_SAME:
        if (*before) (void)!linkat(AT_FDCWD, before, at, name, 0);
        break;
    case ENTRY_PIPE:
        mkfifoat(at, name, 0666);
        break;
    default:
        make_file(at, name, entry);
    }
}

void entries_lay(const char *root, const uint8_t *data, size_t size)
{
    char before[2 * PATH_MAX] = "";
    struct entry entry;
    for (size_t at = 0; next_entry(data, size, &at, &entry);) {
        char path[PATH_MAX];
        char parts[PATH_MAX];
        char *name;
        if (!path_of(&entry, path)) continue;
        memcpy(parts, path, sizeof parts);
        int folder = enter(root, parts, &name);
        if (folder < 0) continue;
        make(root, folder, name, &entry, before);
        snprintf(before, sizeof before, "%s/%s", root, path);
        close(folder);
    }
}

/* ---- packing up ----------------------------------------------------------------- */

static struct {
    const char *root;
    uint8_t *data;
    size_t used, room;
} pack;

static int pack_one(const char *path, const struct stat *st, int type, struct FTW *place)
{
    static uint8_t content[CONTENT_MAX];
    (void)place;
    const char *below = path + strlen(pack.root);
    if (*below) below++;
    if (!*below || type == FTW_D) return 0;
    struct entry entry = {S_ISREG(st->st_mode) ? ENTRY_FILE : ENTRY_PIPE, place_of(below), content, 0};
    if (entry.place == ENTRY_ELSEWHERE) {
        entry.length = strlen(below) + 1;
        memcpy(content, below, entry.length);
    }
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, content + entry.length, sizeof content - entry.length);
    if (fd >= 0) close(fd);
    if (got > 0) entry.length += (size_t)got;
    size_t size = put_entry(pack.data + pack.used, pack.room - pack.used, &entry);
    NEED(size);
    pack.used += size;
    return 0;
}

size_t entries_of_folder(const char *root, uint8_t *data, size_t room)
{
    pack.root = root;
    pack.data = data;
    pack.used = 0;
    pack.room = room;
    nftw(root, pack_one, 16, FTW_PHYS);
    return pack.used;
}

/* ---- mutating --------------------------------------------------------------------- */

static size_t count_entries(const uint8_t *data, size_t size)
{
    struct entry entry;
    size_t count = 0;
    for (size_t at = 0; next_entry(data, size, &at, &entry);) count++;
    return count;
}

/* Replaces, in text, a number or any run of bytes by something that hurts. */
static size_t hurt(uint8_t *text, size_t length, size_t room, uint64_t *random)
{
    static const char *const edges[] = {"",
                                        "0",
                                        "-1",
                                        "9223372036854775807",
                                        "-9223372036854775808",
                                        "18446744073709551615",
                                        "\n",
                                        "%00",
                                        " ",
                                        "hold",
                                        "lock",
                                        "-",
                                        "s",
                                        "%"};
    size_t from = draw(random, (uint32_t)length + 1), to = from;
    while (to < length && text[to] > ' ') to++;
    while (from > 0 && text[from - 1] > ' ') from--;
    size_t added;
    static uint8_t what[CONTENT_MAX];
    if (draw(random, 3) == 0) { /* much of one byte */
        added = 1 + (size_t)draw(random, 1u << draw(random, 13));
        memset(what, (int)(draw(random, 2) ? 'a' : 1 + draw(random, 255)), added);
    } else {
        const char *edge = edges[draw(random, sizeof edges / sizeof *edges)];
        added = strlen(edge);
        memcpy(what, edge, added);
    }
    size_t new_length = length - (to - from) + added;
    if (new_length > room) return length;
    memmove(text + from + added, text + to, length - to);
    memcpy(text + from, what, added);
    return new_length;
}

static void change_content(struct entry *entry, uint8_t *content, uint64_t *random)
{
    memcpy(content, entry->content, entry->length);
    if (draw(random, 2)) {
        entry->length = hurt(content, entry->length, CONTENT_MAX, random);
    } else {
        entry->length = LLVMFuzzerMutate(content, entry->length, CONTENT_MAX);
    }
    entry->content = content;
}

static void change_entry(struct entry *entry, uint8_t *content, uint64_t *random)
{
    switch (draw(random, 8)) {
    case 0:
        entry->kind = (enum entry_kind)draw(random, ENTRY_KINDS);
        break;
    case 1:
        entry->place = draw(random, place_count);
        break;
    default:
        change_content(entry, content, random);
    }
}

size_t entries_mutate(uint8_t *data, size_t size, size_t max_size, uint64_t *random)
{
    static uint8_t old[1 << 20], content[CONTENT_MAX];
    list_places();
    if (size > sizeof old) size = sizeof old;
    memcpy(old, data, size);
    const size_t count = count_entries(old, size);
    const size_t chosen = draw(random, (uint32_t)count + 1);
    const uint32_t what = draw(random, 8);
    size_t used = 0, number = 0;
    struct entry entry;
    for (size_t at = 0; next_entry(old, size, &at, &entry); number++) {
        if (number == chosen && what == 0) continue;
        if (number == chosen && what == 1) used += put_entry(data + used, max_size - used, &entry);
        if (number == chosen) change_entry(&entry, content, random);
        used += put_entry(data + used, max_size - used, &entry);
    }
    if (chosen == count) {
        entry = (struct entry){(enum entry_kind)draw(random, ENTRY_KINDS), draw(random, place_count), content, 0};
        entry.length = hurt(content, 0, sizeof content, random);
        used += put_entry(data + used, max_size - used, &entry);
    }
    return used;
}
