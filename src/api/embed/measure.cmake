# SPDX-License-Identifier: Apache-2.0
#
# Runs at build time when an asset changes: gzips FILE to GZIP, and writes the
# rows of SYMBOL for the table in src/api/assets.c to OUTPUT. The entity tag is
# the first 32 digits of the SHA-256 of exactly the bytes that are sent, so it
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
