/* SPDX-License-Identifier: BSD-3-Clause */
/* key.c - checks keys and places them behind their handle. */
#include "key.h"

#include <stdlib.h>
#include <string.h>

psync_result psync__key_check(const void *key, size_t length, psync_error *error)
{
    if (key && length >= 1 && length <= PSYNC_KEY_MAX) return PSYNC_OK;
    return psync_error_set(error, PSYNC_ERROR_ARGUMENT, 0, "a key must have 1 to %d bytes, not %zu", PSYNC_KEY_MAX,
                           length);
}

void *psync__key_allocate(size_t head_size, size_t key_offset, const void *bytes, size_t length, const char *place,
                          psync_error *error)
{
    size_t place_size = place ? strlen(place) + 1 : 0;
    char *memory = malloc(head_size + length + 1 + place_size);
    if (!memory) {
        psync_error_set(error, PSYNC_ERROR_FULL, 0, "out of memory");
        return NULL;
    }
    memset(memory, 0, head_size);
    memcpy(memory + head_size, bytes, length);
    memory[head_size + length] = '\0';
    psync_key *key = (psync_key *)(void *)(memory + key_offset);
    key->bytes = memory + head_size;
    key->length = length;
    if (place) key->place = memcpy(memory + head_size + length + 1, place, place_size);
    return memory;
}
