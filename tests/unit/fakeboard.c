/* SPDX-License-Identifier: MIT */
#include "tests/unit/fakeboard.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 4096, NAME_MAX_BYTES = 255, PIECE = 1000 };

struct item {
	struct item *next;  /* in the directory */
	struct item *first; /* of a directory */
	char *name;
	bool is_dir;
	char *data;
	size_t size;
	int64_t mtime;
};

struct fakeboard {
	struct board base;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct item root;
	int64_t clock, stopped; /* the time, and where it stands still; -1: it does not */
	uint64_t capacity, used;
	unsigned session;
	unsigned counts[FAKEBOARD_CALLS];
	unsigned failures[FAKEBOARD_CALLS];
	int errors[FAKEBOARD_CALLS];
	enum fakeboard_call call, cut_call; /* that is being made; that is cut */
	unsigned cuts;
	bool cut_done;
	bool paused[FAKEBOARD_CALLS];
	unsigned waiting[FAKEBOARD_CALLS];
};

static struct fakeboard *of(struct board *board)
{
	return (struct fakeboard *)board;
}

static void free_item(struct fakeboard *fake, struct item *item)
{
	struct item *child;

	while ((child = item->first)) {
		item->first = child->next;
		free_item(fake, child);
	}
	fake->used -= item->size;
	free(item->data);
	free(item->name);
	free(item);
}

static bool is_cut(const struct fakeboard *fake)
{
	return fake->cuts && fake->call == fake->cut_call;
}

/* Takes the lock, counts CALL, waits while it is paused. Returns 0, or the error that was ordered. */
static int enter(struct fakeboard *fake, enum fakeboard_call call)
{
	pthread_mutex_lock(&fake->lock);
	fake->counts[call]++;
	fake->call = call;
	if (fake->paused[call]) {
		fake->waiting[call]++;
		pthread_cond_broadcast(&fake->changed);
		while (fake->paused[call])
			pthread_cond_wait(&fake->changed, &fake->lock);
		fake->waiting[call]--;
	}
	if (fake->failures[call] == 0)
		return is_cut(fake) && !fake->cut_done ? -EIO : 0;
	fake->failures[call]--;
	return -fake->errors[call];
}

static int leave(struct fakeboard *fake, int rc)
{
	if (is_cut(fake)) {
		fake->cuts--;
		fake->session++;
		rc = -EIO;
	}
	pthread_mutex_unlock(&fake->lock);
	return rc;
}

static struct item **find_in(struct item *dir, const char *name, size_t len)
{
	struct item **link = &dir->first;

	while (*link && (strlen((*link)->name) != len || memcmp((*link)->name, name, len) != 0))
		link = &(*link)->next;
	return link;
}

/*
 * The directory that holds PATH in *DIR, and where the last name starts in *NAME ("" for the root). Returns 0, -ENOENT, -ENOTDIR or
 * -ENAMETOOLONG.
 */
static int walk(struct fakeboard *fake, const char *path, struct item **dir, const char **name)
{
	const char *slash;
	struct item *item = &fake->root;

	for (path++; (slash = strchr(path, '/')); path = slash + 1) {
		item = *find_in(item, path, (size_t)(slash - path));
		if (!item)
			return -ENOENT;
		if (!item->is_dir)
			return -ENOTDIR;
	}
	*dir = item;
	*name = path;
	return strlen(path) > NAME_MAX_BYTES ? -ENAMETOOLONG : 0;
}

/* The link to the item at PATH in *LINK, which points at NULL where there is none. Not for the root. */
static int find(struct fakeboard *fake, const char *path, struct item ***link)
{
	struct item *dir;
	const char *name;
	int rc = walk(fake, path, &dir, &name);

	if (rc == 0 && !*name)
		rc = -EBUSY;
	if (rc == 0)
		*link = find_in(dir, name, strlen(name));
	return rc;
}

static int find_item(struct fakeboard *fake, const char *path, struct item **item)
{
	struct item **link;
	int rc;

	*item = &fake->root;
	if (strcmp(path, "/") == 0)
		return 0;
	rc = find(fake, path, &link);
	*item = rc == 0 ? *link : NULL;
	return rc == 0 && !*item ? -ENOENT : rc;
}

static struct board_stat about(const struct item *item)
{
	return (struct board_stat){.is_dir = item->is_dir, .size = item->size, .mtime = item->is_dir ? 0 : item->mtime};
}

static int make_item(const char *path, bool is_dir, struct item **link)
{
	struct item *item = calloc(1, sizeof(*item));

	if (!item)
		return -ENOMEM;
	item->name = strdup(strrchr(path, '/') + 1);
	item->is_dir = is_dir;
	*link = item;
	return 0;
}

/* Gives FILE the SIZE bytes of DATA, which it owns from now on. */
static void set_content(struct fakeboard *fake, struct item *file, char *data, size_t size)
{
	fake->used += size - file->size;
	free(file->data);
	file->data = data;
	file->size = size;
	file->mtime = fake->stopped >= 0 ? fake->stopped : ++fake->clock;
}

static int op_stat(struct board *board, const char *path, struct board_stat *out)
{
	struct item *item;
	int rc = enter(of(board), FAKEBOARD_STAT);

	if (rc == 0)
		rc = find_item(of(board), path, &item);
	if (rc == 0)
		*out = about(item);
	return leave(of(board), rc);
}

static int op_list(struct board *board, const char *path, board_entry_fn *each, void *context)
{
	struct board_stat stat;
	struct item *item;
	int rc = enter(of(board), FAKEBOARD_LIST);

	if (rc == 0)
		rc = find_item(of(board), path, &item);
	if (rc == 0 && !item->is_dir)
		rc = -ENOTDIR;
	for (item = rc == 0 ? item->first : NULL; item && rc == 0; item = item->next) {
		stat = about(item);
		rc = each(context, item->name, &stat);
	}
	return leave(of(board), rc);
}

static ssize_t op_read(struct board *board, const char *path, void *buf, size_t len, uint64_t offset)
{
	struct item *item;
	int rc = enter(of(board), FAKEBOARD_READ);

	if (rc == 0)
		rc = find_item(of(board), path, &item);
	if (rc == 0 && item->is_dir)
		rc = -EISDIR;
	if (rc == 0) {
		if (offset > item->size)
			offset = item->size;
		if (len > item->size - offset)
			len = item->size - (size_t)offset;
		if (len > 0)
			memcpy(buf, item->data + offset, len);
	}
	leave(of(board), 0);
	return rc < 0 ? rc : (ssize_t)len;
}

/* Takes CONTENT from FROM on into a buffer of its whole size, in *OUT, to be freed, in pieces that cross every boundary. */
static int collect(const struct board_content *content, uint64_t from, char **out)
{
	size_t size = (size_t)content->size, at, len;
	int rc = 0;

	*out = calloc(1, size + 1);
	if (!*out)
		return -ENOMEM;
	for (at = (size_t)from; rc == 0 && at < size; at += len) {
		len = size - at < PIECE ? size - at : PIECE;
		rc = content->read(content->context, *out + at, len, at);
	}
	if (rc < 0) {
		free(*out);
		*out = NULL;
	}
	return rc;
}

static bool has_room(const struct fakeboard *fake, const struct item *file, uint64_t size)
{
	return fake->used - (file ? file->size : 0) + size <= fake->capacity;
}

/* op_replace once CONTENT is here as DATA, which is freed or used. */
static int put(struct fakeboard *fake, const char *path, char *data, size_t size, struct board_stat *out)
{
	struct item **link;
	int rc = strcmp(path, "/") == 0 ? -EISDIR : find(fake, path, &link);

	if (rc == 0 && *link && (*link)->is_dir)
		rc = -EISDIR;
	if (rc == 0 && !has_room(fake, *link, size))
		rc = -ENOSPC;
	if (rc == 0 && !*link)
		rc = make_item(path, false, link);
	if (rc < 0 || ((*link)->size == size && (*link)->data && memcmp((*link)->data, data, size) == 0))
		free(data);
	else
		set_content(fake, *link, data, size);
	if (rc == 0)
		*out = about(*link);
	return rc;
}

/* What an unsure caller knows of the file that he replaces by DATA. Returns 0, 1: it is DATA already, or -ESTALE. With the lock held. */
static int check_known(struct fakeboard *fake, const char *path, const struct board_content *content, const char *data)
{
	struct item *item;

	if (!content->known || !content->unsure)
		return 0;
	if (find_item(fake, path, &item) < 0)
		return content->there ? -ESTALE : 0;
	if (content->there && item->size == content->was.size && item->mtime == content->was.mtime)
		return 0;
	if (item->size != content->size || (item->size && memcmp(item->data, data, item->size) != 0))
		return -ESTALE;
	return 1;
}

static int op_replace(struct board *board, const char *path, const struct board_content *content, struct board_stat *out)
{
	char *data;
	int rc = enter(of(board), FAKEBOARD_REPLACE);

	leave(of(board), 0);
	if (rc == 0)
		rc = collect(content, 0, &data);
	if (rc < 0)
		return rc;
	pthread_mutex_lock(&of(board)->lock);
	rc = check_known(of(board), path, content, data);
	if (rc < 0) {
		free(data);
		return leave(of(board), rc);
	}
	return leave(of(board), put(of(board), path, data, (size_t)content->size, out));
}

static int op_append(struct board *board, const char *path, const struct board_content *content, uint64_t from,
		     struct board_stat *out)
{
	struct item *file;
	char *data = NULL;
	int rc = enter(of(board), FAKEBOARD_APPEND);

	if (rc == 0)
		rc = find_item(of(board), path, &file);
	if (rc == 0 && file->is_dir)
		rc = -EISDIR;
	if (rc == 0 && file->size != from)
		rc = -ESTALE;
	if (rc == 0 && !has_room(of(board), file, content->size))
		rc = -ENOSPC;
	if (rc == 0)
		rc = collect(content, from, &data);
	if (rc == 0) {
		memcpy(data, file->data, file->size);
		set_content(of(board), file, data, (size_t)content->size);
		*out = about(file);
	}
	return leave(of(board), rc);
}

static int op_mkdir(struct board *board, const char *path)
{
	struct item **link;
	int rc = enter(of(board), FAKEBOARD_MKDIR);

	if (rc == 0)
		rc = strcmp(path, "/") == 0 ? -EEXIST : find(of(board), path, &link);
	if (rc == 0)
		rc = *link ? -EEXIST : make_item(path, true, link);
	return leave(of(board), rc);
}

static int remove_item(struct fakeboard *fake, const char *path, bool is_dir)
{
	struct item **link, *item;
	int rc = find(fake, path, &link);

	if (rc < 0)
		return rc;
	item = *link;
	if (!item)
		return -ENOENT;
	if (item->is_dir != is_dir)
		return is_dir ? -ENOTDIR : -EISDIR;
	if (item->first)
		return -ENOTEMPTY;
	*link = item->next;
	free_item(fake, item);
	return 0;
}

static int op_rmdir(struct board *board, const char *path)
{
	int rc = enter(of(board), FAKEBOARD_RMDIR);

	return leave(of(board), rc < 0 ? rc : remove_item(of(board), path, true));
}

static int op_remove(struct board *board, const char *path)
{
	int rc = enter(of(board), FAKEBOARD_REMOVE);

	return leave(of(board), rc < 0 ? rc : remove_item(of(board), path, false));
}

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && path[len] == '/';
}

/* What stands in the way of a rename of ITEM to where TARGET (may be NULL) is. */
static int check_rename(const struct item *item, const struct item *target, bool noreplace)
{
	if (!item)
		return -ENOENT;
	if (!target)
		return 0;
	if (noreplace)
		return -EEXIST;
	if (item == target)
		return 0;
	if (item->is_dir && !target->is_dir)
		return -ENOTDIR;
	if (!item->is_dir && target->is_dir)
		return -EISDIR;
	return target->first ? -ENOTEMPTY : 0;
}

static int rename_item(struct fakeboard *fake, const char *from, const char *to, bool noreplace)
{
	struct item **from_link, **to_link, *item, *target;
	int rc = find(fake, from, &from_link);

	if (rc == 0)
		rc = find(fake, to, &to_link);
	if (rc == 0 && is_below(to, from))
		rc = -EINVAL;
	if (rc == 0)
		rc = check_rename(*from_link, *to_link, noreplace);
	if (rc < 0 || *from_link == *to_link)
		return rc;
	target = *to_link;
	if (target) {
		*to_link = target->next;
		free_item(fake, target);
	}
	/* The links may have been parts of what moved: they are found again. */
	find(fake, from, &from_link);
	item = *from_link;
	*from_link = item->next;
	find(fake, to, &to_link);
	free(item->name);
	item->name = strdup(strrchr(to, '/') + 1);
	item->next = NULL;
	*to_link = item;
	return 0;
}

static int op_rename(struct board *board, const char *from, const char *to, bool noreplace)
{
	int rc = enter(of(board), FAKEBOARD_RENAME);

	return leave(of(board), rc < 0 ? rc : rename_item(of(board), from, to, noreplace));
}

static int op_statfs(struct board *board, const char *path, struct board_statfs *out)
{
	struct fakeboard *fake = of(board);
	int rc = enter(fake, FAKEBOARD_STATFS);

	(void)path;
	*out = (struct board_statfs){
		.block_size = BLOCK,
		.blocks = fake->capacity / BLOCK,
		.blocks_free = (fake->capacity - fake->used) / BLOCK,
		.name_max = NAME_MAX_BYTES,
	};
	return leave(fake, rc);
}

static int read_item(void *context, void *buf, size_t len, uint64_t offset)
{
	memcpy(buf, ((const struct item *)context)->data + offset, len);
	return 0;
}

static int hash_item(struct fakeboard *fake, struct board_hash *file)
{
	struct board_content content = {.size = file->size, .read = read_item};
	struct item *item;
	int rc = find_item(fake, file->path, &item);

	if (rc == 0 && (item->is_dir || item->size != file->size))
		rc = -ESTALE;
	content.context = item;
	return rc < 0 ? rc : board_content_hash(&content, file->hash);
}

static int op_hash(struct board *board, struct board_hash *files, size_t count)
{
	int rc = enter(of(board), FAKEBOARD_HASH);
	size_t i;

	for (i = 0; i < count; i++)
		files[i].result = rc < 0 ? rc : hash_item(of(board), &files[i]);
	return leave(of(board), rc == -EOPNOTSUPP ? rc : 0); /* a board that has no SHA-256 */
}

static unsigned op_session(struct board *board)
{
	unsigned session;

	pthread_mutex_lock(&of(board)->lock);
	session = of(board)->session;
	pthread_mutex_unlock(&of(board)->lock);
	return session;
}

static const struct board_info *op_info(struct board *board)
{
	static const struct board_info info = {.machine = "a board in memory",
					       .version = "1.29.0",
					       .unique_id = "",
					       .usb_serial = "",
					       .device = "",
					       .root = "",
					       .warning = ""};

	(void)board;
	return &info;
}

static void op_close(struct board *board)
{
	struct fakeboard *fake = of(board);
	struct item *child;

	while ((child = fake->root.first)) {
		fake->root.first = child->next;
		free_item(fake, child);
	}
	pthread_cond_destroy(&fake->changed);
	pthread_mutex_destroy(&fake->lock);
	free(fake);
}

static const struct board_ops ops = {
	.stat = op_stat,
	.list = op_list,
	.read = op_read,
	.replace = op_replace,
	.append = op_append,
	.mkdir = op_mkdir,
	.rmdir = op_rmdir,
	.remove = op_remove,
	.rename = op_rename,
	.statfs = op_statfs,
	.hash = op_hash,
	.info = op_info,
	.session = op_session,
	.close = op_close,
};

int fakeboard_open(struct board **out)
{
	struct fakeboard *fake = calloc(1, sizeof(*fake));

	*out = NULL;
	if (!fake)
		return -ENOMEM;
	fake->base.ops = &ops;
	fake->root.is_dir = true;
	fake->capacity = 1u << 30;
	fake->clock = 1000;
	fake->stopped = -1;
	pthread_mutex_init(&fake->lock, NULL);
	pthread_cond_init(&fake->changed, NULL);
	*out = &fake->base;
	return 0;
}

unsigned fakeboard_count(struct board *board, enum fakeboard_call call)
{
	unsigned count;

	pthread_mutex_lock(&of(board)->lock);
	count = of(board)->counts[call];
	pthread_mutex_unlock(&of(board)->lock);
	return count;
}

unsigned fakeboard_count_all(struct board *board)
{
	unsigned sum = 0;
	int call;

	for (call = 0; call < FAKEBOARD_CALLS; call++)
		sum += fakeboard_count(board, (enum fakeboard_call)call);
	return sum;
}

void fakeboard_forget_calls(struct board *board)
{
	pthread_mutex_lock(&of(board)->lock);
	memset(of(board)->counts, 0, sizeof(of(board)->counts));
	pthread_mutex_unlock(&of(board)->lock);
}

void fakeboard_fail(struct board *board, enum fakeboard_call call, int err, unsigned count)
{
	pthread_mutex_lock(&of(board)->lock);
	of(board)->errors[call] = err;
	of(board)->failures[call] = count;
	pthread_mutex_unlock(&of(board)->lock);
}

static void set_paused(struct board *board, enum fakeboard_call call, bool paused)
{
	pthread_mutex_lock(&of(board)->lock);
	of(board)->paused[call] = paused;
	pthread_cond_broadcast(&of(board)->changed);
	pthread_mutex_unlock(&of(board)->lock);
}

void fakeboard_cut(struct board *board, enum fakeboard_call call, bool done, unsigned count)
{
	struct fakeboard *fake = of(board);

	pthread_mutex_lock(&fake->lock);
	fake->cut_call = call;
	fake->cut_done = done;
	fake->cuts = count;
	pthread_mutex_unlock(&fake->lock);
}

void fakeboard_pause(struct board *board, enum fakeboard_call call)
{
	set_paused(board, call, true);
}

void fakeboard_resume(struct board *board, enum fakeboard_call call)
{
	set_paused(board, call, false);
}

void fakeboard_await(struct board *board, enum fakeboard_call call, unsigned count)
{
	struct fakeboard *fake = of(board);

	pthread_mutex_lock(&fake->lock);
	while (fake->waiting[call] < count)
		pthread_cond_wait(&fake->changed, &fake->lock);
	pthread_mutex_unlock(&fake->lock);
}

void fakeboard_set_capacity(struct board *board, uint64_t bytes)
{
	pthread_mutex_lock(&of(board)->lock);
	of(board)->capacity = bytes;
	pthread_mutex_unlock(&of(board)->lock);
}

void fakeboard_stop_clock(struct board *board, int64_t mtime)
{
	pthread_mutex_lock(&of(board)->lock);
	of(board)->stopped = mtime;
	pthread_mutex_unlock(&of(board)->lock);
}

int fakeboard_write(struct board *board, const char *path, const void *text, size_t len)
{
	struct board_stat unwanted;
	char *data;
	int rc;

	pthread_mutex_lock(&of(board)->lock);
	if (!text)
		return leave(of(board), remove_item(of(board), path, false));
	data = malloc(len + 1);
	if (!data)
		return leave(of(board), -ENOMEM);
	memcpy(data, text, len);
	rc = put(of(board), path, data, len, &unwanted);
	return leave(of(board), rc);
}

char *fakeboard_content(struct board *board, const char *path, size_t *len)
{
	struct item *item;
	char *copy = NULL;

	pthread_mutex_lock(&of(board)->lock);
	if (find_item(of(board), path, &item) == 0 && !item->is_dir)
		copy = malloc(item->size + 1);
	if (copy) {
		if (item->size > 0)
			memcpy(copy, item->data, item->size);
		copy[item->size] = '\0';
		*len = item->size;
	}
	pthread_mutex_unlock(&of(board)->lock);
	return copy;
}

void fakeboard_new_session(struct board *board)
{
	pthread_mutex_lock(&of(board)->lock);
	of(board)->session++;
	pthread_mutex_unlock(&of(board)->lock);
}
