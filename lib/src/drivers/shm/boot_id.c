/* SPDX-License-Identifier: BSD-3-Clause */
/* boot_id.c - boot ids, read and written. */
#include "boot_id.h"

#include <stdio.h>
#include <string.h>

#include "system.h"

void shm_boot_id(uint8_t id[16])
{
    char text[PSYNC_BOOT_ID + 1];
    psync__boot_id(text);
    memset(id, 0, 16);
    const char *c = text;
    for (size_t i = 0; i < 16 && c[0] && c[1]; i++) {
        if (*c == '-') c++;
        unsigned byte;
        if (sscanf(c, "%2x", &byte) != 1) return;
        id[i] = (uint8_t)byte;
        c += 2;
    }
}

void shm_boot_id_format(const uint8_t id[16], char text[37])
{
    char *out = text;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
        out += snprintf(out, 3, "%02x", id[i]);
    }
}
