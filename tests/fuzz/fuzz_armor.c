/* SPDX-License-Identifier: MIT */
/* armor_take: nothing that a board prints makes it write past its buffer, or take for a frame what has another checksum. */
#include "agent/armor.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

/* A line that is the frame in ARMOR gives the same frame. */
static void check_frame(const struct armor *armor)
{
	static char call[ARMOR_CALL_MAX];
	const struct frame frame = armor->frame;
	uint8_t payload[AGENT_PAYLOAD_MAX];
	struct armor again;

	FUZZ_CHECK(frame.len <= AGENT_PAYLOAD_MAX);
	memcpy(payload, frame.payload, frame.len);
	size_t len = armor_call(call, frame.type, frame.sequence, payload, frame.len);
	armor_init(&again);
	for (size_t i = sizeof(ARMOR_CALL) - 1; i < len - 2; i++)
		FUZZ_CHECK(armor_take(&again, (unsigned char)call[i]) == FRAME_NONE);
	FUZZ_CHECK(armor_take(&again, '\n') == FRAME_WHOLE);
	FUZZ_CHECK(again.frame.len == frame.len && !memcmp(again.frame.payload, payload, frame.len));
	FUZZ_CHECK(again.frame.type == frame.type && again.frame.sequence == frame.sequence);
}

/* DATA is what the board prints; and, as an answer, what is in a frame of its. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct armor armor;

	armor_init(&armor);
	for (size_t i = 0; i < size; i++) {
		enum frame_event event = armor_take(&armor, data[i]);

		FUZZ_CHECK(event == FRAME_NONE || event == FRAME_WHOLE || event == FRAME_DAMAGED);
		FUZZ_CHECK(armor.len <= sizeof(armor.bytes));
		if (event == FRAME_WHOLE)
			check_frame(&armor);
	}
	if (size > 2) {
		armor.frame = (struct frame){.type = data[0],
					     .sequence = data[1],
					     .payload = data + 2,
					     .len = (uint16_t)(size - 2 < AGENT_PAYLOAD_MAX ? size - 2 : AGENT_PAYLOAD_MAX)};
		check_frame(&armor);
	}
	return 0;
}
