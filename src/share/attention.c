/* SPDX-License-Identifier: MIT */
#include "share/attention.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct attention {
	struct bytelink *link;
	pthread_t thread;
	int changed; /* an eventfd: something else is asked for */
	pthread_mutex_t mutex;
	struct pollfd asked[ATTENTION_MAX]; /* fd -1: nothing */
	bool has[ATTENTION_MAX];
	bool ending;
};

static void note_change(struct attention *attention)
{
	const uint64_t one = 1;

	if (write(attention->changed, &one, sizeof(one)) < 0)
		return; /* it is full, so it tells already */
}

static void forget_change(struct attention *attention)
{
	uint64_t count;

	if (read(attention->changed, &count, sizeof(count)) < 0)
		return;
}

/* What is asked for into POLLED. Returns whether to go on. */
static bool look(struct attention *attention, struct pollfd *polled)
{
	pthread_mutex_lock(&attention->mutex);
	bool ending = attention->ending;
	for (int i = 0; i < ATTENTION_MAX; i++)
		polled[i] = attention->asked[i];
	pthread_mutex_unlock(&attention->mutex);
	polled[ATTENTION_MAX] = (struct pollfd){.fd = attention->changed, .events = POLLIN};
	return !ending;
}

static void tell(struct attention *attention, const struct pollfd *polled)
{
	bool any = false;

	pthread_mutex_lock(&attention->mutex);
	for (int i = 0; i < ATTENTION_MAX; i++) {
		struct pollfd *asked = &attention->asked[i];

		if (polled[i].fd >= 0 && polled[i].revents && asked->fd == polled[i].fd && asked->events == polled[i].events) {
			attention->has[i] = any = true;
			asked->fd = -1;
		}
	}
	pthread_mutex_unlock(&attention->mutex);
	if (any)
		bytelink_wake(attention->link);
}

static void *run(void *context)
{
	struct attention *attention = context;
	struct pollfd polled[ATTENTION_MAX + 1];

	while (look(attention, polled)) {
		if (poll(polled, ATTENTION_MAX + 1, -1) < 0)
			continue;
		if (polled[ATTENTION_MAX].revents)
			forget_change(attention);
		tell(attention, polled);
	}
	return NULL;
}

static int start(struct attention *attention)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int error = pthread_create(&attention->thread, NULL, run, attention);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -error;
}

int attention_open(struct attention **out, struct bytelink *link)
{
	struct attention *attention = calloc(1, sizeof(*attention));

	*out = NULL;
	if (!attention)
		return -ENOMEM;
	attention->link = link;
	for (int i = 0; i < ATTENTION_MAX; i++)
		attention->asked[i].fd = -1;
	pthread_mutex_init(&attention->mutex, NULL);
	attention->changed = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int error = attention->changed < 0 ? -errno : start(attention);
	if (!error) {
		*out = attention;
		return 0;
	}
	if (attention->changed >= 0)
		close(attention->changed);
	pthread_mutex_destroy(&attention->mutex);
	free(attention);
	return error;
}

void attention_close(struct attention *attention)
{
	if (!attention)
		return;
	pthread_mutex_lock(&attention->mutex);
	attention->ending = true;
	pthread_mutex_unlock(&attention->mutex);
	note_change(attention);
	pthread_join(attention->thread, NULL);
	close(attention->changed);
	pthread_mutex_destroy(&attention->mutex);
	free(attention);
}

void attention_ask(struct attention *attention, unsigned slot, int fd, short events)
{
	pthread_mutex_lock(&attention->mutex);
	attention->has[slot] = false;
	attention->asked[slot] = (struct pollfd){.fd = fd, .events = events};
	pthread_mutex_unlock(&attention->mutex);
	note_change(attention);
}

bool attention_has(struct attention *attention, unsigned slot)
{
	pthread_mutex_lock(&attention->mutex);
	bool has = attention->has[slot];
	attention->has[slot] = false;
	pthread_mutex_unlock(&attention->mutex);
	return has;
}
