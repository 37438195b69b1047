# SPDX-License-Identifier: BSD-3-Clause
#
# Tests, benchmarks and examples. script/test runs them; `cmake --build` only makes them.
# A folder may bring a CMakeLists.txt of its own; else its sources are taken as phpsync_add_folder says.

function(phpsync_add_tests folder prefix libraries)
    if(EXISTS ${PROJECT_SOURCE_DIR}/${folder}/CMakeLists.txt)
        add_subdirectory(${PROJECT_SOURCE_DIR}/${folder} ${PROJECT_BINARY_DIR}/${folder})
    else()
        phpsync_add_folder(${folder} ${prefix} "${libraries}")
    endif()
endfunction()

# Unit tests look inside the library; everything else sees what a user sees.
if(PHPSYNC_TESTS)
    find_package(PkgConfig REQUIRED)
    pkg_check_modules(cmocka REQUIRED IMPORTED_TARGET cmocka)
    phpsync_add_tests(tests/unit test_ "phpsync_static;PkgConfig::cmocka")
    phpsync_add_tests(tests/conformance test_ "phpsync_shared;PkgConfig::cmocka")
    phpsync_add_tests(tests/crash test_ "phpsync_shared")
    phpsync_add_tests(tests/linearizability test_ "phpsync_shared")
    phpsync_add_tests(tests/file test_ "phpsync_shared")
    phpsync_add_tests(tests/faults test_ "phpsync_shared")
    phpsync_add_tests(tests/postgresql "" "")
    phpsync_add_tests(tests/instruments test_ "")
endif()

if(PHPSYNC_FUZZ)
    add_subdirectory(${PROJECT_SOURCE_DIR}/tests/fuzz ${PROJECT_BINARY_DIR}/tests/fuzz)
endif()

if(PHPSYNC_EXAMPLES)
    phpsync_add_tests(bench bench_ "phpsync_shared")
    file(GLOB bench_file_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/file/*.c)
    phpsync_add_program(bench_file bench phpsync_shared
        ${bench_file_sources} ${PROJECT_SOURCE_DIR}/bench/common.c)
    target_include_directories(bench_file PRIVATE ${PROJECT_SOURCE_DIR}/bench)
    phpsync_add_tests(bench/net "" "")
    file(GLOB examples CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/c/*.c)
    foreach(example IN LISTS examples)
        get_filename_component(name ${example} NAME_WE)
        phpsync_add_program(example_${name} examples/c phpsync_shared ${example})
        set_target_properties(example_${name} PROPERTIES OUTPUT_NAME ${name})
    endforeach()
endif()
