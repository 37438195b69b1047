/* SPDX-License-Identifier: BSD-3-Clause */
/* boot_id.h - the boot's id, as a space's file has it (16 bytes) and as people read it. */
#ifndef PSYNC_SHM_BOOT_ID_H
#define PSYNC_SHM_BOOT_ID_H

#include <stdint.h>

/* This boot's; zeros where /proc does not tell. */
void shm_boot_id(uint8_t id[16]);

/* As 36 characters of text and a NUL. */
void shm_boot_id_format(const uint8_t id[16], char text[37]);

#endif
