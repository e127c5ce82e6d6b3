// A folder that is filled with files under names that a dump gives: whatever
// they are, nothing outside it is touched.
#ifndef CLI_FOLDER_H
#define CLI_FOLDER_H

#include <stddef.h>
#include <stdint.h>

enum { CLI_FOLDER_PATH = 4096 };

// Opens a new file for writing, with the folders above it: path is the guest's,
// of any bytes. No component is "..", links are not followed, what is there
// already is left alone and a number is put behind the name. made receives the
// path below folder, NUL-terminated. -1: errno says why.
int cli_folder_create(int folder, const uint8_t *path, size_t n, char made[CLI_FOLDER_PATH]);

#endif
