/* SPDX-License-Identifier: MIT */
#include "board/ahead.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 2 };

/*
 *           ahead_go              ahead_take            its content is copied
 *   EMPTY -----------> ASKED -----------------> TAKEN ---------------------> EMPTY
 *                        | ahead_forget
 *                        v             ahead_go, once it is finished
 *                      UNWANTED ---------------------------------------> ASKED
 */
enum state { EMPTY, ASKED, UNWANTED, TAKEN };

struct wish {
	char *path; /* NULL: nothing is wished */
	uint8_t *payload;
	size_t len, size;
};

struct slot {
	enum state state;
	struct wish wish;
	unsigned session;
	struct exchange_request request; /* the agent's until it is finished */
	uint8_t content[AGENT_PAYLOAD_MAX];
};

struct ahead {
	struct agent *agent;
	pthread_mutex_t lock; /* guards all below */
	struct wish wish;
	struct slot slots[SLOTS];
};

struct ahead *ahead_open(struct agent *agent)
{
	struct ahead *ahead = calloc(1, sizeof(*ahead));

	if (!ahead)
		return NULL;
	ahead->agent = agent;
	pthread_mutex_init(&ahead->lock, NULL);
	return ahead;
}

static void wish_free(struct wish *wish)
{
	free(wish->path);
	free(wish->payload);
	*wish = (struct wish){0};
}

static void clear(struct slot *slot)
{
	wish_free(&slot->wish);
	slot->state = EMPTY;
}

void ahead_close(struct ahead *ahead)
{
	if (!ahead)
		return;
	for (size_t i = 0; i < SLOTS; i++) {
		if (ahead->slots[i].state != EMPTY)
			agent_wait(ahead->agent, &ahead->slots[i].request);
		clear(&ahead->slots[i]);
	}
	wish_free(&ahead->wish);
	pthread_mutex_destroy(&ahead->lock);
	free(ahead);
}

/* The slot that has PATH, or NULL. With the lock held. */
static struct slot *find(struct ahead *ahead, const char *path)
{
	for (size_t i = 0; i < SLOTS; i++)
		if (ahead->slots[i].state == ASKED && !strcmp(ahead->slots[i].wish.path, path))
			return &ahead->slots[i];
	return NULL;
}

void ahead_wish(struct ahead *ahead, const char *path, uint8_t *payload, size_t len, size_t size)
{
	struct wish wish = {.path = strdup(path), .payload = payload, .len = len, .size = size};

	pthread_mutex_lock(&ahead->lock);
	if (wish.path && size && size <= AGENT_PAYLOAD_MAX && !find(ahead, path)) {
		wish_free(&ahead->wish);
		ahead->wish = wish;
		wish = (struct wish){0};
	}
	pthread_mutex_unlock(&ahead->lock);
	wish_free(&wish);
}

/* A slot that nobody needs, or NULL. What was asked for and not taken is the least needed. With the lock held. */
static struct slot *free_slot(struct ahead *ahead)
{
	for (size_t i = 0; i < SLOTS; i++) {
		struct slot *slot = &ahead->slots[i];

		if (slot->state == EMPTY)
			return slot;
		if (slot->state != TAKEN && agent_is_finished(ahead->agent, &slot->request)) {
			clear(slot);
			return slot;
		}
	}
	return NULL;
}

/* With the lock held. */
static void go(struct ahead *ahead)
{
	struct slot *slot = ahead->wish.path ? free_slot(ahead) : NULL;

	if (!slot)
		return;
	slot->wish = ahead->wish;
	ahead->wish = (struct wish){0};
	slot->session = agent_session(ahead->agent).number;
	slot->request = (struct exchange_request){.op = AGENT_READ,
						  .bulk = true,
						  .payload = slot->wish.payload,
						  .len = slot->wish.len,
						  .answer = slot->content,
						  .answer_room = slot->wish.size};
	slot->state = ASKED;
	agent_submit(ahead->agent, &slot->request);
}

void ahead_go(struct ahead *ahead)
{
	pthread_mutex_lock(&ahead->lock);
	go(ahead);
	pthread_mutex_unlock(&ahead->lock);
}

size_t ahead_take(struct ahead *ahead, const char *path, void *buf, size_t len)
{
	size_t got = 0;

	pthread_mutex_lock(&ahead->lock);
	struct slot *slot = find(ahead, path);
	if (slot) {
		slot->state = TAKEN;
		go(ahead);
	}
	pthread_mutex_unlock(&ahead->lock);
	if (!slot)
		return 0;
	if (!agent_wait(ahead->agent, &slot->request) && slot->session == agent_session(ahead->agent).number)
		got = slot->request.answer_len < len ? slot->request.answer_len : len;
	memcpy(buf, slot->content, got);
	pthread_mutex_lock(&ahead->lock);
	clear(slot);
	pthread_mutex_unlock(&ahead->lock);
	return got;
}

void ahead_forget(struct ahead *ahead)
{
	pthread_mutex_lock(&ahead->lock);
	wish_free(&ahead->wish);
	for (size_t i = 0; i < SLOTS; i++)
		if (ahead->slots[i].state == ASKED)
			ahead->slots[i].state = UNWANTED;
	pthread_mutex_unlock(&ahead->lock);
}
