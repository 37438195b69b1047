dnl SPDX-License-Identifier: BSD-3-Clause
PHP_ARG_ENABLE([baseline], [whether to enable the baseline of the benchmarks],
  [AS_HELP_STRING([--enable-baseline], [Enable the baseline of the benchmarks])], [yes])
if test "$PHP_BASELINE" != "no"; then
  BASELINE_CFLAGS="-std=gnu11"
  AS_CASE([$host_cpu], [x86_64], [BASELINE_CFLAGS="$BASELINE_CFLAGS -mcx16"])
  PHP_NEW_EXTENSION([baseline], [baseline.c], [$ext_shared],, [$BASELINE_CFLAGS])
fi
