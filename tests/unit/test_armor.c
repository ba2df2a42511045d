/* SPDX-License-Identifier: MIT */
/* Frames as text: what goes there is what a base64 of others makes of it, and of what comes back nothing damaged is taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/armor.h"
#include "tests/unit/dice.h"

/* Made with Python's base64 and zlib: type S, sequence 5, payload "abc\xff". */
static const char known[] = "+lMABQQAKClhYmP/ZaLbdg==";

/* Feeds LEN bytes of TEXT; the last event that is one. */
static enum frame_event feed(struct armor *armor, const char *text, size_t len)
{
	enum frame_event event = FRAME_NONE, last = FRAME_NONE;

	for (size_t i = 0; i < len; i++) {
		event = armor_take(armor, (unsigned char)text[i]);
		if (event != FRAME_NONE)
			last = event;
	}
	return last;
}

static enum frame_event feed_text(struct armor *armor, const char *text)
{
	return feed(armor, text, strlen(text));
}

static void a_call_is_python_with_base64(void **state)
{
	char call[ARMOR_CALL_MAX];
	size_t len = armor_call(call, 'S', 5, "abc\xff", 4);

	(void)state;
	assert_int_equal(len, strlen("__mpremotefs__(\"\")") + strlen(known));
	assert_memory_equal(call, "__mpremotefs__(\"", 16);
	assert_memory_equal(call + 16, known, strlen(known));
	assert_memory_equal(call + len - 2, "\")", 2);
}

static void a_line_is_a_frame(void **state)
{
	struct armor armor;

	(void)state;
	armor_init(&armor);
	assert_int_equal(feed_text(&armor, known), FRAME_NONE);
	assert_int_equal(armor_take(&armor, '\r'), FRAME_WHOLE);
	assert_int_equal(armor.frame.type, 'S');
	assert_int_equal(armor.frame.sequence, 5);
	assert_int_equal(armor.frame.len, 4);
	assert_memory_equal(armor.frame.payload, "abc\xff", 4);
	assert_int_equal(feed_text(&armor, "\n\r\n\n"), FRAME_NONE);
	assert_int_equal(feed_text(&armor, known), FRAME_NONE);
	assert_int_equal(armor_take(&armor, '\n'), FRAME_WHOLE);
}

static void payloads_of_every_kind_come_back(void **state)
{
	static const size_t sizes[] = {0, 1, 2, 3, 4, 5, 6, 50, 255, 256, 512, 1024, AGENT_PAYLOAD_MAX - 1, AGENT_PAYLOAD_MAX};
	uint8_t payload[AGENT_PAYLOAD_MAX];
	char *call = malloc(ARMOR_CALL_MAX);
	struct dice dice = {1};
	struct armor armor;

	(void)state;
	assert_non_null(call);
	armor_init(&armor);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (size_t k = 0; k < sizes[i]; k++)
			payload[k] = (uint8_t)dice_roll(&dice, 256);
		size_t len = armor_call(call, AGENT_DONE, (uint8_t)i, payload, sizes[i]);
		assert_true(len <= ARMOR_CALL_MAX);
		for (size_t k = 0; k < len; k++)
			assert_in_range(call[k], ' ', '~');
		assert_int_equal(feed(&armor, call + 16, len - 18), FRAME_NONE);
		assert_int_equal(armor_take(&armor, '\n'), FRAME_WHOLE);
		assert_int_equal(armor.frame.sequence, i);
		assert_int_equal(armor.frame.len, sizes[i]);
		assert_memory_equal(armor.frame.payload, payload, sizes[i]);
	}
	free(call);
}

/* Whether LINE, which is not quite `known`, is taken for a frame. */
static bool taken(const char *line, size_t len)
{
	struct armor armor;

	armor_init(&armor);
	enum frame_event event = feed(&armor, line, len);
	enum frame_event end = armor_take(&armor, '\n');
	bool whole = event == FRAME_WHOLE || end == FRAME_WHOLE;
	/* Whatever it was, the next line is read. */
	assert_int_equal(feed_text(&armor, known), FRAME_NONE);
	assert_int_equal(armor_take(&armor, '\n'), FRAME_WHOLE);
	return whole;
}

static void nothing_damaged_is_taken(void **state)
{
	size_t len = strlen(known);
	char line[sizeof(known) + 1];

	(void)state;
	for (size_t i = 0; i < len; i++)
		for (int byte = 0; byte < 256; byte++) {
			memcpy(line, known, len);
			line[i] = (char)byte;
			/* The last digit's low bits are no part of any byte. */
			if (line[i] != known[i] && i != len - 3)
				assert_false(taken(line, len));
			memcpy(line, known, i);
			line[i] = (char)byte;
			memcpy(line + i + 1, known + i, len - i);
			if (byte != '\r' && byte != '\n')
				assert_false(taken(line, len + 1));
		}
	for (size_t i = 0; i < len; i++) {
		memcpy(line, known, i);
		memcpy(line + i, known + i + 1, len - i - 1);
		assert_false(taken(line, len - 1));
	}
}

static void what_is_no_base64_is_damaged(void **state)
{
	static const char *const lines[] = {
		"A", "AA", "AAA", "=", "====", "A===", "AA=A", "AA==A", "AAAA=", "AA\xff", "tick tock", "AAAA"};
	struct armor armor;

	(void)state;
	armor_init(&armor);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_int_equal(feed_text(&armor, lines[i]), FRAME_NONE);
		assert_int_equal(armor_take(&armor, '\n'), FRAME_DAMAGED);
	}
}

static void a_line_without_end_fills_nothing(void **state)
{
	struct armor armor;

	(void)state;
	armor_init(&armor);
	for (size_t i = 0; i < 100000; i++)
		assert_int_equal(armor_take(&armor, 'A'), FRAME_NONE);
	assert_true(armor.len <= sizeof(armor.bytes));
	assert_true(armor.bad);
	assert_int_equal(armor_take(&armor, '\n'), FRAME_DAMAGED);
	assert_int_equal(feed_text(&armor, known), FRAME_NONE);
	assert_int_equal(armor_take(&armor, '\n'), FRAME_WHOLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_is_python_with_base64),     cmocka_unit_test(a_line_is_a_frame),
		cmocka_unit_test(payloads_of_every_kind_come_back), cmocka_unit_test(nothing_damaged_is_taken),
		cmocka_unit_test(what_is_no_base64_is_damaged),     cmocka_unit_test(a_line_without_end_fills_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
