/* SPDX-License-Identifier: MIT */
/*
 * share_folder: a folder for tests of what is shared, and in which the test stands: top/ is the share, out/ beside it is what no board
 * may reach. top/ has d/e/f ("inside"), out/ has f ("secret") and d/, and these links in top/: leads_out and d/out (to out/), absolute
 * (to out/ by its whole path), to_secret (to out/f), to_new (to out/new, which is not there), leads_in (to d), to_f (to d/e/f), up (to
 * `..`), broken, loop.
 */
#ifndef UNIT_SHARE_FOLDER_H
#define UNIT_SHARE_FOLDER_H

#include <stddef.h>

#include "share/share_server.h"

/* For cmocka_unit_test_setup_teardown. The second fails where out/ is not what it was. */
int share_folder_make(void **state);
int share_folder_remove(void **state);

/* FILE, from the folder, has TEXT and nothing else. */
void share_folder_expect(const char *file, const char *text);

void share_folder_write(const char *file, const void *bytes, size_t len);

/* A server with two shares: 0 is top/, writable; 1 is top/d, and is not. NULL: that has failed. */
struct share_server *share_folder_serve(void);

#endif
