/* SPDX-License-Identifier: BSD-3-Clause */
/* left_out.h - the whole of a test program whose driver is not built in: one test, which is skipped and counted so.
 */
#ifndef UNIT_LEFT_OUT_H
#define UNIT_LEFT_OUT_H

#include "fake.h"

static void its_driver_is_built_in(void **state)
{
    (void)state;
    skip();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(its_driver_is_built_in)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
