dnl SPDX-License-Identifier: BSD-3-Clause
dnl
dnl The PHP extension, built by phpize or PIE. It compiles the library's sources in:
dnl lib/sources.list names them, one path a line, '#' begins a comment.

PHP_ARG_ENABLE([phpsync],
  [whether to enable phpsync],
  [AS_HELP_STRING([--enable-phpsync], [Enable phpsync: named Locks and atomic Integers])],
  [yes])

PHP_ARG_ENABLE([phpsync-strict],
  [whether warnings fail the build of phpsync],
  [AS_HELP_STRING([--enable-phpsync-strict], [phpsync: compile with all warnings as errors (for its developers)])],
  [no],
  [no])

PHP_ARG_WITH([phpsync-redis],
  [whether phpsync is to have its driver for Redis],
  [AS_HELP_STRING([--with-phpsync-redis], [phpsync: the driver for Redis and Valkey; needs hiredis and OpenSSL
    (default: if pkg-config finds them)])],
  [auto],
  [no])

PHP_ARG_WITH([phpsync-postgresql],
  [whether phpsync is to have its driver for PostgreSQL],
  [AS_HELP_STRING([--with-phpsync-postgresql], [phpsync: the driver for PostgreSQL; needs libpq
    (default: if pkg-config finds it)])],
  [auto],
  [no])

dnl PHPSYNC_DRIVER(NAME, OPTION'S VALUE, MODULES): builds the driver in if it is asked for, or may be and its
dnl client library is found.
AC_DEFUN([PHPSYNC_DRIVER], [
  phpsync_found=no
  AS_IF([test "$2" != "no"], [
    AC_MSG_CHECKING([for $3])
    AS_IF([test -n "$PKG_CONFIG" && $PKG_CONFIG --exists $3], [phpsync_found=yes])
    AC_MSG_RESULT([$phpsync_found])
    AS_IF([test "$phpsync_found" = "no" && test "$2" != "auto"],
      [AC_MSG_ERROR([the driver $1 of phpsync needs $3, which pkg-config does not find])])
  ])
  AS_IF([test "$phpsync_found" = "yes"], [
    PHP_EVAL_INCLINE([`$PKG_CONFIG --cflags $3`])
    PHP_EVAL_LIBLINE([`$PKG_CONFIG --libs $3`], [PHPSYNC_SHARED_LIBADD])
    PHPSYNC_CFLAGS="$PHPSYNC_CFLAGS -DPSYNC_WITH_[]m4_toupper([$1])=1"
  ])
])

if test "$PHP_PHPSYNC" != "no"; then
  AS_CASE([$host_os],
    [linux*], [],
    [AC_MSG_ERROR([phpsync runs on Linux; this is $host_os])])
  AC_CHECK_SIZEOF([void *])
  AS_IF([test "$ac_cv_sizeof_void_p" != 8], [AC_MSG_ERROR([phpsync needs a 64-bit system])])

  PHPSYNC_ROOT=PHP_EXT_SRCDIR([phpsync])
  AS_IF([test -r "$PHPSYNC_ROOT/lib/sources.list"], [],
    [AC_MSG_ERROR([lib/sources.list is missing; take the whole source tree of php-sync])])
  PHPSYNC_LIB_SOURCES=`sed -e 's/#.*//' "$PHPSYNC_ROOT/lib/sources.list"`
  PHPSYNC_EXT_SOURCES="ext/phpsync.c ext/contracts.c ext/exceptions.c ext/arguments.c ext/wait.c
    ext/before_81.c ext/open_spaces.c ext/default_manager.c ext/user_driver.c ext/singleton_manager.c
    ext/lock.c ext/integer.c ext/space.c ext/hold.c ext/owner.c ext/listing.c
    ext/file_paths.c ext/file_places.c ext/file_manager.c ext/with_file_manager.c
    ext/file_lock_driver.c ext/file_integer_driver.c"

  PHPSYNC_CFLAGS="-std=gnu11 -fvisibility=hidden -D_GNU_SOURCE -I@ext_srcdir@/lib/include -I@ext_srcdir@/lib/src"
  dnl 16-byte atomics need an instruction that the oldest x86-64 lacked.
  AS_CASE([$host_cpu], [x86_64], [PHPSYNC_CFLAGS="$PHPSYNC_CFLAGS -mcx16"])
  dnl Parameters of PHP's functions come from its macros, used or not.
  AS_IF([test "$PHP_PHPSYNC_STRICT" != "no"],
    [PHPSYNC_CFLAGS="$PHPSYNC_CFLAGS -Wall -Wextra -Wno-unused-parameter -Werror -Wshadow -Wconversion"])

  AC_PATH_PROG([PKG_CONFIG], [pkg-config], [no])
  AS_IF([test "$PKG_CONFIG" = "no"], [PKG_CONFIG=])
  PHPSYNC_DRIVER([redis], [$PHP_PHPSYNC_REDIS], [hiredis openssl])
  PHPSYNC_DRIVER([postgresql], [$PHP_PHPSYNC_POSTGRESQL], [libpq])

  PHP_NEW_EXTENSION([phpsync], [$PHPSYNC_EXT_SOURCES $PHPSYNC_LIB_SOURCES], [$ext_shared],,
    [$PHPSYNC_CFLAGS -DZEND_ENABLE_STATIC_TSRMLS_CACHE=1])
  for phpsync_source in $PHPSYNC_EXT_SOURCES $PHPSYNC_LIB_SOURCES; do
    PHP_ADD_BUILD_DIR([$ext_builddir/`dirname $phpsync_source`])
  done
  PHP_ADD_LIBRARY([pthread],, [PHPSYNC_SHARED_LIBADD])
  PHPSYNC_SHARED_LIBADD="$PHPSYNC_SHARED_LIBADD -Wl,--version-script=$PHPSYNC_ROOT/ext/phpsync.map"
  PHP_SUBST([PHPSYNC_SHARED_LIBADD])
fi
