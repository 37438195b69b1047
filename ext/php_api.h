/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * php_api.h - PHP's own headers, and nothing else.
 *
 * The pragma keeps them, and what their macros expand to, out of this
 * project's warnings.
 */
#ifndef PHPSYNC_EXT_PHP_API_H
#define PHPSYNC_EXT_PHP_API_H

#if defined(__GNUC__)
#pragma GCC system_header
#endif

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "php.h"
#include "php_ini.h"
#include "SAPI.h"
#include "zend_exceptions.h"
#include "zend_interfaces.h"
#include "zend_smart_str.h"
#include "zend_type_info.h"
#include "ext/date/php_date.h"
#include "ext/spl/spl_exceptions.h"
#include "ext/standard/html.h"
#include "ext/standard/info.h"
#include "ext/standard/md5.h"

#if __has_include("Optimizer/zend_optimizer.h")
#include "Optimizer/zend_optimizer.h"
#define PHPSYNC_HAS_OPTIMIZER_PASSES 1 /* PHP 8.1 and newer; before, the optimizer is opcache's own */
#else
#define PHPSYNC_HAS_OPTIMIZER_PASSES 0
#endif
#if __has_include("zend_attributes.h")
#include "zend_attributes.h"
#endif

#endif
