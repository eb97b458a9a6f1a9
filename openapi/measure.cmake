# SPDX-License-Identifier: Apache-2.0
#
# Run at build time, whenever an asset changes: gzip FILE to GZIP, and write
# to OUTPUT what the table in src/assets.c says about SYMBOL. An entity tag
# is the beginning of the SHA-256 of exactly the bytes that are sent, so it
# is a strong one.

execute_process(COMMAND "${GZIP_PROGRAM}" -9 -n -c "${FILE}"
    OUTPUT_FILE "${GZIP}" COMMAND_ERROR_IS_FATAL ANY)

file(SIZE "${FILE}" length)
file(SIZE "${GZIP}" gzip_length)
file(SHA256 "${FILE}" hash)
file(SHA256 "${GZIP}" gzip_hash)
string(SUBSTRING ${hash} 0 32 hash)
string(SUBSTRING ${gzip_hash} 0 32 gzip_hash)
foreach(path IN LISTS PATHS)
    string(APPEND list
        "ASSET(${SYMBOL}, \"${path}\", \"${TYPE}\",\n"
        "      ${length}, \"${hash}\",\n"
        "      ${gzip_length}, \"${gzip_hash}\")\n")
endforeach()
file(WRITE "${OUTPUT}" "${list}")
