# SPDX-License-Identifier: BSD-3-Clause
#
# The drivers that need a client library: whether they are built in, and what they are linked with.
#
# phpsync_drivers is what the library's objects are compiled with; phpsync_requires_private is the
# same for whoever links the static library by pkg-config.

add_library(phpsync_drivers INTERFACE)
set(phpsync_requires_private)

# phpsync_driver(NAME MODULES...): builds driver NAME in if pkg-config knows the modules and the option PHPSYNC_NAME
# does not say otherwise; its sources see PSYNC_WITH_NAME.
function(phpsync_driver name)
    if("${PHPSYNC_${name}}" STREQUAL "OFF")
        return()
    endif()
    string(TOLOWER ${name} lower)
    set(required)
    if("${PHPSYNC_${name}}" STREQUAL "ON")
        set(required REQUIRED)
    endif()
    find_package(PkgConfig ${required})
    if(NOT PkgConfig_FOUND)
        return()
    endif()
    pkg_check_modules(client_${lower} ${required} IMPORTED_TARGET GLOBAL ${ARGN})
    if(NOT client_${lower}_FOUND)
        message(STATUS "Driver ${lower}: not built in, for want of ${ARGN}")
        return()
    endif()
    target_compile_definitions(phpsync_drivers INTERFACE PSYNC_WITH_${name}=1)
    target_link_libraries(phpsync_drivers INTERFACE PkgConfig::client_${lower})
    set(phpsync_requires_private ${phpsync_requires_private} ${ARGN} PARENT_SCOPE)
endfunction()

phpsync_driver(REDIS hiredis openssl)
phpsync_driver(POSTGRESQL libpq)
list(JOIN phpsync_requires_private ", " phpsync_requires_private)
