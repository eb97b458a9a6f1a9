# SPDX-License-Identifier: Apache-2.0
#
# Files in the binary: lunar_assets, a library of object files that hold each
# file both plain and gzipped, and the list of them that src/api/assets.c
# includes.

find_program(GZIP_PROGRAM gzip REQUIRED)

set(EMBED_DIR ${CMAKE_CURRENT_LIST_DIR})
set(ASSETS_DIR ${CMAKE_BINARY_DIR}/assets)
set_property(GLOBAL PROPERTY ASSET_LIST "/* Written by embed.cmake. */\n")

add_library(lunar_assets STATIC)
set_target_properties(lunar_assets PROPERTIES LINKER_LANGUAGE C)
target_include_directories(lunar_assets INTERFACE ${ASSETS_DIR})

# lunar_asset(<symbol> FILE <file> TYPE <content type> PATHS <path>...):
# embed a file, which may be one that the build makes, and serve it at these
# paths.
function(lunar_asset symbol)
    cmake_parse_arguments(PARSE_ARGV 1 ASSET "" "FILE;TYPE" "PATHS")
    cmake_path(ABSOLUTE_PATH ASSET_FILE OUTPUT_VARIABLE file)
    set(gzip ${ASSETS_DIR}/${symbol}.gz)
    set(entry ${ASSETS_DIR}/${symbol}.h)
    configure_file(${EMBED_DIR}/asset.S.in ${ASSETS_DIR}/${symbol}.S @ONLY)
    add_custom_command(OUTPUT ${gzip} ${entry}
        COMMAND ${CMAKE_COMMAND} -DSYMBOL=${symbol} "-DPATHS=${ASSET_PATHS}"
            "-DTYPE=${ASSET_TYPE}" -DFILE=${file} -DGZIP=${gzip}
            -DOUTPUT=${entry} -DGZIP_PROGRAM=${GZIP_PROGRAM}
            -P ${EMBED_DIR}/measure.cmake
        DEPENDS ${file} ${EMBED_DIR}/measure.cmake
        COMMENT "Packing ${symbol}" VERBATIM)
    set(target lunar_asset_${symbol})
    add_library(${target} OBJECT ${ASSETS_DIR}/${symbol}.S ${entry})
    set_source_files_properties(${ASSETS_DIR}/${symbol}.S PROPERTIES
        OBJECT_DEPENDS "${file};${gzip}")
    target_link_libraries(lunar_assets PRIVATE ${target})
    set_property(GLOBAL APPEND_STRING PROPERTY ASSET_LIST
        "#include \"${symbol}.h\"\n")
endfunction()

# Write the list, once all files are named.
function(lunar_asset_list)
    get_property(list GLOBAL PROPERTY ASSET_LIST)
    file(CONFIGURE OUTPUT ${ASSETS_DIR}/asset_list.h CONTENT "${list}")
endfunction()
