/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * no_deepbind.c - preloaded: takes RTLD_DEEPBIND out of dlopen's flags. With it, PHP's modules would
 * call the C library's malloc past the sanitizer's, which refuses to run so.
 */
#define _GNU_SOURCE
#include <dlfcn.h>

void *dlopen(const char *file, int flags)
{
    void *(*next)(const char *, int);
    *(void **)&next = dlsym(RTLD_NEXT, "dlopen");
    return next(file, flags & ~RTLD_DEEPBIND);
}
