/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * home.h - what one process keeps for one folder: its options, the sign that
 * this process lives, its spare files, its open Integers.
 *
 * All openings of a folder with the same options in one process share one
 * home. It outlives them: owners of Locks live as long as their process, not
 * as long as a space is open; and open files are worth keeping. A forked child
 * closes all that its parent had open (fork shares flocks) and begins anew.
 */
#ifndef PSYNC_FILE_HOME_H
#define PSYNC_FILE_HOME_H

#include <phpsync/driver.h>

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "md5.h"
#include "stat.h"
#include "system.h"

enum {
    FILE_ROOT_MAX = PATH_MAX - 128, /* what comes behind it has room */
    FILE_COUNTERS = 64,             /* open Integers that are kept */
    FILE_SPARES = 4,
    FILE_SPARE_NAME = 32,
    FILE_TURNS = 64,
    FILE_FENCE_BOOT = 16 /* digits of the boot's id */
};

/* What a DSN says, once it was checked. Zeroed before it is filled in: homes are told apart by its bytes. */
struct file_options {
    char root[PATH_MAX]; /* absolute, without symbolic links */
    int64_t poll;        /* ns: the longest pause of a polling wait */
    mode_t mode;
    mode_t folder_mode;
    gid_t gid;
    bool group;
    bool grants;     /* others may read or write: what is made gets its mode and group, whatever the umask */
    bool durable;    /* a change has reached the disk when its call returns */
    bool polling;    /* inotify would not tell of others' changes, or poll= was given */
    bool remote;     /* a network file system */
    bool any_folder; /* psync_options.any_folder */
};

/* A file with a decimal number that is kept open. Everything but the mutex is under the mutex. */
struct file_counter {
    pthread_mutex_t mutex;
    int fd; /* -1: none */
    bool read_only;
    bool fresh;       /* not yet compared with the key that asks */
    bool bound;       /* digest tells whose it is */
    uint32_t binding; /* changes when another key gets this counter */
    int64_t checked;  /* monotonic: when its place was last compared with it */
    int64_t seen;     /* monotonic: when it surely had a name */
    struct file_id id;
    uint8_t digest[FILE_DIGEST];
};

/*
 * A file of ours that is linked to a Lock's name to take it (spare.h). busy
 * is under home->mutex; who has set it has the rest to itself.
 */
struct file_spare {
    int fd; /* -1: none */
    bool busy;
    bool free;   /* it surely has no name but its own: we have made it, or unlinked it ourselves, under its flock */
    bool gone;   /* its name is not there any more */
    bool linked; /* it was the Lock with this digest when we last knew */
    unsigned number;
    uint64_t nonce;
    char name[FILE_SPARE_NAME]; /* says both */
    unsigned made;              /* file_root.turn when it was made */
    int64_t seen;               /* monotonic: when its descriptor was surely still its own */
    uint64_t size;              /* of the file, when it was last written or looked at */
    bool hold;                  /* it was written for a Hold */
    struct file_id id;
    uint8_t digest[FILE_DIGEST];
};

/* What this process knows of the space's fences (fence.c). Under home->fence.mutex. Times in us. */
struct file_fences {
    bool known; /* offset is that of the open file, and of this boot */
    int64_t offset;
    int64_t ceiling;
    int64_t last;      /* that this process drew */
    int64_t namespace; /* ns: by how much this process's boottime clock is off */
    char boot[FILE_FENCE_BOOT];
};

/* The space's folder and that of its spare files, open (root.h). */
struct file_root {
    pthread_mutex_t mutex; /* for changes of all this */
    atomic_int fd;         /* -1: none yet */
    atomic_int spare_fd;
    atomic_uint turn; /* how often another folder stood at the path */
    atomic_uint spare_turn;
    atomic_int_least64_t looked; /* monotonic */
    atomic_bool shared;          /* others than this user may write: no symbolic link below the root is followed */
    struct file_id id;
    struct file_id spare_id;
};

struct file_home {
    struct file_home *next; /* this and the next two: under file_homes_lock */
    unsigned users;
    bool keep; /* this process is named as an owner */
    struct file_options options;
    size_t root_length;
    struct file_root root;
    pthread_mutex_t mutex; /* life_fd, life, nonce, spares */
    int life_fd;           /* -1: none */
    struct file_id life_id;
    uint64_t life;  /* the life file's own number */
    uint64_t nonce; /* 0: none */
    int64_t pid;
    uint64_t start; /* what records say of this process; set once with the nonce */
    char boot[PSYNC_BOOT_ID + 1];
    char host[PSYNC_HOST_MAX + 1];
    atomic_uint temporaries;
    struct file_spare spares[FILE_SPARES];
    char fence_path[PATH_MAX]; /* for messages */
    struct file_counter fence;
    struct file_fences fences;
    struct file_counter counters[FILE_COUNTERS];
    /* Until when (monotonic) this process lets others go first at the Locks with this hash. Relaxed: a hint. */
    atomic_int_least64_t turns[FILE_TURNS];
};

/* What the driver keeps for one open space. */
struct file_state {
    struct file_home *home;
    pthread_mutex_t mutex; /* label */
    char label[PSYNC_LABEL_MAX + 1];
};

/* The process's home with these options, made if there is none. NULL: no memory. */
struct file_home *file_home_get(const struct file_options *options);
void file_home_put(struct file_home *home);

#endif
