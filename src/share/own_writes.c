/* SPDX-License-Identifier: MIT */
#include "share/own_writes.h"

#include <string.h>

/* FNV-1a, of 64 bits. */
static uint64_t hash(const char *text)
{
	uint64_t sum = 0xcbf29ce484222325u;

	for (; *text; text++)
		sum = (sum ^ (uint8_t)*text) * 0x100000001b3u;
	return sum;
}

static size_t find(const struct own_writes *own, uint64_t path)
{
	size_t at = 0;

	while (at < own->len && own->writes[at].path != path)
		at++;
	return at;
}

static void drop(struct own_writes *own, size_t at)
{
	own->len--;
	memmove(own->writes + at, own->writes + at + 1, (own->len - at) * sizeof(*own->writes));
}

/* One less of PATH. Returns whether there was one. */
static bool take(struct own_writes *own, uint64_t path)
{
	size_t at = find(own, path);

	if (at == own->len)
		return false;
	if (--own->writes[at].count == 0)
		drop(own, at);
	return true;
}

void own_writes_begin(struct own_writes *own, const char *path)
{
	uint64_t sum = hash(path);
	size_t at = find(own, sum);

	if (at == OWN_WRITES_MAX) {
		drop(own, 0);
		at = own->len;
	}
	if (at == own->len)
		own->writes[own->len++] = (struct own_write){sum, 0};
	own->writes[at].count++;
	if (own->now_len < OWN_WRITES_PATHS)
		own->now[own->now_len++] = sum;
}

void own_writes_end(struct own_writes *own, bool opened)
{
	for (size_t i = 0; i < own->now_len && !opened; i++)
		take(own, own->now[i]);
	own->now_len = 0;
}

bool own_writes_has(const struct own_writes *own, const char *path)
{
	return find(own, hash(path)) < own->len;
}

bool own_writes_closed(struct own_writes *own, const char *path)
{
	return take(own, hash(path));
}

/* The name SUM of what is changed this moment has gone or come. A file that is open goes on under its new name, or without one. */
static void move_open(struct own_writes *own, uint64_t sum)
{
	size_t at = find(own, sum), from = find(own, own->now[0]);

	if (at == own->len)
		return;
	if (own->now_len == 1) {
		own->writes[at].count = 1; /* own_writes_end takes it: of a removed file no end is told */
	} else if (sum == own->now[1] && from != at && from < own->len) {
		own->writes[at].count = own->writes[from].count;
		own->writes[from].count = 1;
	}
}

bool own_writes_moved(struct own_writes *own, const char *path)
{
	uint64_t sum = hash(path);
	size_t at = find(own, sum);

	for (size_t i = 0; i < own->now_len; i++)
		if (own->now[i] == sum) {
			move_open(own, sum);
			return true;
		}
	if (at < own->len)
		drop(own, at);
	return false;
}

void own_writes_forget(struct own_writes *own)
{
	own->len = own->now_len = 0;
}
