/* SPDX-License-Identifier: MIT */
/* fuzz: what the fuzzers share. Each defines LLVMFuzzerTestOneInput (see libFuzzer); "make fuzz" runs them all for a while. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program, so that libFuzzer keeps the input, unless WHAT is true. */
#define FUZZ_CHECK(what) ((what) ? (void)0 : abort())

/* The input, taken byte by byte; zeros when there are no more. */
struct fuzz_input {
	const uint8_t *at;
	size_t left;
};

static inline uint8_t fuzz_byte(struct fuzz_input *input)
{
	if (!input->left)
		return 0;
	input->left--;
	return *input->at++;
}

#endif
