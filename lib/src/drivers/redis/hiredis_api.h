/* SPDX-License-Identifier: BSD-3-Clause */
/* hiredis_api.h - hiredis' header, whose inline functions are not held to our warnings. */
#ifndef PSYNC_REDIS_HIREDIS_API_H
#define PSYNC_REDIS_HIREDIS_API_H

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include <hiredis.h>
#pragma GCC diagnostic pop

#endif
