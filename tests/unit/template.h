/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * template.h - a space on shared memory, whose file a test writes itself: from
 * a whole one with a bit of everything in it, to be damaged or put into the
 * wrong hands. Each case puts the file there and uses the space in a child.
 */
#ifndef UNIT_TEMPLATE_H
#define UNIT_TEMPLATE_H

#include <stddef.h>

extern char template_folder[64];
extern char file_path[200]; /* of the space "n" in the folder */
extern char dsn[200];       /* that space's */

/* The whole file, as nobody has damaged it. */
extern unsigned char *template_bytes;
extern size_t template_length;

/* For a group of tests. */
int make_template(void **state);
int remove_template(void **state);

/* The keys that it has, each for a Lock and an Integer, and their names; further numbers name keys that it has not.
 */
enum { KEYS = 40, KEY_ROOM = 1100 };
void key_name(char key[KEY_ROOM], int number);

/* Puts the space's file there. */
void write_file(const void *bytes, size_t length);

#endif
