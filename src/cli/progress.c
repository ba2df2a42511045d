/* SPDX-License-Identifier: MIT */
#include "cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BAR = 20, DRAW_US = 100000 };

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ll + now.tv_nsec / 1000;
}

void progress_start(struct progress *progress, const char *what)
{
	*progress = (struct progress){.terminal = isatty(STDERR_FILENO) == 1, .what = what, .start_us = now_us()};
}

void progress_words(char *words, size_t size, const char *what, size_t done, size_t total, int64_t elapsed_us)
{
	size_t filled = total ? done * BAR / total : BAR;
	char bar[BAR + 1];

	memset(bar, '.', BAR);
	memset(bar, '#', filled);
	bar[BAR] = '\0';
	snprintf(words, size, "%s [%s] %3zu %% of %zu KiB, %.1f KB/s", what, bar, total ? done * 100 / total : 100,
		 (total + 1023) / 1024, (double)done * 1000 / (double)elapsed_us);
}

void progress_show(struct progress *progress, size_t done, size_t total)
{
	int64_t now;
	char words[160];

	if (!progress->terminal)
		return;
	now = now_us();
	if (now - progress->shown_us < DRAW_US && done < total)
		return;
	progress->shown_us = now;
	progress_words(words, sizeof(words), progress->what, done, total, now - progress->start_us + 1);
	fprintf(stderr, "\r%s\033[K", words);
	fflush(stderr);
}

double progress_end(struct progress *progress)
{
	if (progress->shown_us)
		fputs("\r\033[K", stderr);
	progress->shown_us = 0;
	return (double)(now_us() - progress->start_us) / 1e6;
}
