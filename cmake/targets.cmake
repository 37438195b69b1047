# SPDX-License-Identifier: BSD-3-Clause
#
# What the targets of this project have in common: compile options and ways to declare a program.

# Dialect, warnings, sanitizers: for every target of ours, never for users of the installed library.
function(phpsync_set_compile_options target)
    target_compile_features(${target} INTERFACE c_std_11)
    target_compile_definitions(${target} INTERFACE _GNU_SOURCE)
    target_compile_options(${target} INTERFACE
        -std=c11 -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes)
    if(PHPSYNC_WERROR)
        target_compile_options(${target} INTERFACE -Werror)
    endif()
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
        target_compile_options(${target} INTERFACE -mcx16) # 16-byte compare-and-swap as an instruction
    endif()
    if(PHPSYNC_SANITIZE)
        target_compile_options(${target} INTERFACE
            -fsanitize=${PHPSYNC_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
        target_link_options(${target} INTERFACE -fsanitize=${PHPSYNC_SANITIZE})
    endif()
    target_link_options(${target} INTERFACE -Wl,--as-needed)
    target_link_libraries(${target} INTERFACE Threads::Threads m)
endfunction()

# phpsync_add_program(NAME FOLDER LIBRARIES SOURCES...): a program of ours in BUILD/FOLDER that is not installed.
function(phpsync_add_program name folder libraries)
    add_executable(${name} ${ARGN})
    target_link_libraries(${name} PRIVATE phpsync_options ${libraries})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/${folder})
endfunction()

# phpsync_add_folder(FOLDER PREFIX LIBRARIES): each FOLDER/PREFIX*.c is a program of its own (named like
# its file), and what other sources the folder has are compiled once and linked into all of them. A folder without any
# PREFIX*.c makes one program, named like the folder. A folder without sources makes none.
function(phpsync_add_folder folder prefix libraries)
    set(base ${PROJECT_SOURCE_DIR}/${folder})
    file(GLOB sources CONFIGURE_DEPENDS ${base}/*.c)
    if(NOT sources)
        return()
    endif()
    set(programs ${sources})
    list(FILTER programs INCLUDE REGEX "/${prefix}[^/]*\\.c$")
    set(shared ${sources})
    list(FILTER shared EXCLUDE REGEX "/${prefix}[^/]*\\.c$")
    if(NOT programs)
        get_filename_component(name ${folder} NAME)
        phpsync_add_program(${name} ${folder} "${libraries}" ${sources})
        target_include_directories(${name} PRIVATE ${base})
        return()
    endif()
    set(objects)
    if(shared)
        string(MAKE_C_IDENTIFIER "${folder}_shared" objects)
        add_library(${objects} OBJECT ${shared})
        target_link_libraries(${objects} PRIVATE phpsync_options ${libraries})
        target_include_directories(${objects} PRIVATE ${base})
    endif()
    foreach(program IN LISTS programs)
        get_filename_component(name ${program} NAME_WE)
        phpsync_add_program(${name} ${folder} "${objects};${libraries}" ${program})
        target_include_directories(${name} PRIVATE ${base})
    endforeach()
endfunction()
