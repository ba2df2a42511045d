/* SPDX-License-Identifier: MIT */
#include "agent/line.h"

int line_send(struct bytelink *link, struct exchange *exchange, bool *full)
{
	const uint8_t *bytes;
	size_t len;

	*full = false;
	while (!*full && (len = exchange_output(exchange, bytelink_now(link), &bytes))) {
		ssize_t sent = bytelink_write(link, bytes, len);

		if (sent < 0)
			return (int)sent;
		exchange_sent(exchange, (size_t)sent, bytelink_now(link));
		*full = sent == 0;
	}
	return 0;
}

int line_receive(struct bytelink *link, struct exchange *exchange)
{
	size_t room;
	uint8_t *bytes = exchange_room(exchange, &room);
	ssize_t len = bytelink_read(link, bytes, room);

	if (len > 0)
		exchange_received(exchange, (size_t)len, bytelink_now(link));
	return len < 0 ? (int)len : 0;
}
