/* SPDX-License-Identifier: MIT */
/* number: numbers that people type, as strict as can be: digits alone. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

/* TEXT is a number of BASE, at most MAX, into *OUT. Returns 0 or -EINVAL. */
int number_parse(const char *text, int base, unsigned long max, unsigned long *out);

/* TEXT is a number of seconds, with digits and at most one point, MIN to MAX, into *OUT. Returns 0 or -EINVAL. */
int number_parse_seconds(const char *text, double min, double max, double *out);

#endif
