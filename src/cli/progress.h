/* SPDX-License-Identifier: MIT */
/* progress: a bar on the terminal for what takes long, with its rate. Where stderr is no terminal nothing is shown. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	bool terminal;
	const char *what; /* "deploying" */
	int64_t start_us; /* of the clock that never goes back */
	int64_t shown_us; /* when the bar was last drawn; 0: never */
};

void progress_start(struct progress *progress, const char *what);

/* DONE of TOTAL bytes. Draws at most ten times a second. */
void progress_show(struct progress *progress, size_t done, size_t total);

/* Takes the bar away. Returns how long it took, in seconds. */
double progress_end(struct progress *progress);

/* The bar itself, for a terminal of any width above 40: WORDS of SIZE bytes. ELAPSED_US is not 0. */
void progress_words(char *words, size_t size, const char *what, size_t done, size_t total, int64_t elapsed_us);

#endif
