/* SPDX-License-Identifier: MIT */
#include "fuse/open_file.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "fuse/file_times.h"

/* What `changed_from` says of a file without changes. */
#define NOTHING_CHANGED UINT64_MAX

enum { FETCH_PIECE = 64 << 10 };

struct open_file {
	struct open_file_mount *mount;
	atomic_uint references;
	pthread_mutex_t lock; /* guards all below; never held while the board works */
	pthread_cond_t idle;  /* `busy` has become false */
	bool busy;            /* a load, a fetch or a sync is under way: the content must not change */
	bool loaded;
	bool on_board; /* the board has a file of this name */
	bool gone;
	int failure;        /* of the last sync, if nothing was changed since; a negative errno */
	bool changed_alone; /* the board's content changed without us */
	unsigned session;   /* of the board, in which `board` was true */
	unsigned content;   /* counts the contents that the board had when it came back from being away */
	bool unsure;        /* it is not known whether the board's file is what it was, or what was sent last */
	bool changed_away;  /* it is neither: what is held here can go nowhere */
	uint64_t size;
	uint64_t far_from, far_to; /* the bytes that only the board has */
	uint64_t changed_from;     /* from here on the board's content is not ours */
	uint64_t version;          /* counts what happened to the content or to what is known of the board's */
	struct board_stat board;   /* the file on the board when it was last like ours */
	struct kept_times_pair times;
	struct host_bytes bytes;
};

int open_file_open(struct open_file **out, struct open_file_mount *mount)
{
	struct open_file *file = calloc(1, sizeof(*file));

	*out = file;
	if (!file)
		return -ENOMEM;
	file->mount = mount;
	atomic_init(&file->references, 1);
	pthread_mutex_init(&file->lock, NULL);
	pthread_cond_init(&file->idle, NULL);
	file->changed_from = NOTHING_CHANGED;
	host_bytes_init(&file->bytes, &mount->store);
	return 0;
}

int open_file_create(struct open_file **out, struct open_file_mount *mount)
{
	int rc = open_file_open(out, mount);

	if (rc < 0)
		return rc;
	(*out)->loaded = true;
	(*out)->session = board_session(mount->board);
	(*out)->changed_from = 0;
	mount->now(&(*out)->times.mtime);
	(*out)->times.atime = (*out)->times.mtime;
	return 0;
}

struct open_file *open_file_ref(struct open_file *file)
{
	atomic_fetch_add(&file->references, 1);
	return file;
}

void open_file_unref(struct open_file *file)
{
	if (!file || atomic_fetch_sub(&file->references, 1) > 1)
		return;
	host_bytes_clear(&file->bytes);
	pthread_cond_destroy(&file->idle);
	pthread_mutex_destroy(&file->lock);
	free(file);
}

static void lock_idle(struct open_file *file)
{
	pthread_mutex_lock(&file->lock);
	while (file->busy)
		pthread_cond_wait(&file->idle, &file->lock);
}

static void set_idle(struct open_file *file)
{
	file->busy = false;
	pthread_cond_broadcast(&file->idle);
}

static bool is_dirty(const struct open_file *file)
{
	return file->loaded && !file->gone && file->changed_from != NOTHING_CHANGED;
}

/* What the board has at PATH, and which times that has, if it is a file. Returns 0 or the board's errno. Without the lock. */
static int ask_board(struct open_file *file, const char *path, struct board_stat *on_board, struct kept_times_pair *times)
{
	int rc = path ? board_stat(file->mount->board, path, on_board) : -ENOENT;

	if (rc == 0 && !on_board->is_dir)
		file_times_get(file->mount->board, file->mount->times, path, on_board, times);
	return rc;
}

/* The board's file is as ON_BOARD says, has TIMES, and nothing of it is held here. */
static void forget_content(struct open_file *file, const struct board_stat *on_board, const struct kept_times_pair *times)
{
	file->loaded = true;
	file->on_board = true;
	file->board = *on_board;
	file->size = on_board->size;
	file->far_from = 0;
	file->far_to = on_board->size;
	file->changed_from = NOTHING_CHANGED;
	file->version++;
	file->times = *times;
	host_bytes_clear(&file->bytes);
}

/* Whether this computer alone knows what the file is. */
static bool is_ours(const struct open_file *file)
{
	return file->gone || file->busy || is_dirty(file);
}

/*
 * Takes over what the board said in SESSION of a file without changes: RC, *ON_BOARD and *TIMES are the answer of ask_board.
 * Returns 0, -ESTALE when there is no such file any more, or RC.
 */
static int compare(struct open_file *file, int rc, const struct board_stat *on_board, const struct kept_times_pair *times,
		   unsigned session)
{
	if (rc == -ENOENT || rc == -ENOTDIR || (rc == 0 && on_board->is_dir)) {
		file->content += session != file->session;
		file->session = session;
		return -ESTALE;
	}
	if (rc < 0)
		return rc;
	if (on_board->size != file->board.size || on_board->mtime != file->board.mtime) {
		forget_content(file, on_board, times);
		file->changed_alone = true;
		file->content += session != file->session;
	}
	file->session = session;
	return 0;
}

/* Whether all that the board lacks is the end of a file that it has. */
static bool is_only_added(const struct open_file *file)
{
	return file->on_board && file->board.size > 0 && file->changed_from >= file->board.size && file->size > file->board.size;
}

static void note_sent(struct open_file *file, const char *path, const struct board_stat *now, unsigned session,
		      const uint8_t *hash);

/* Whether what the board's file has grown by, up to SIZE, is what was to be added. Gives up the lock meanwhile. 1, 0, or a negative errno. */
static int grew_by_ours(struct open_file *file, const char *path, uint64_t size)
{
	unsigned char theirs[4096], ours[sizeof(theirs)];
	uint64_t version = file->version;

	for (uint64_t at = file->board.size; at < size;) {
		size_t len = size - at < sizeof(theirs) ? (size_t)(size - at) : sizeof(theirs);
		ssize_t got;
		int rc;

		pthread_mutex_unlock(&file->lock);
		got = board_read(file->mount->board, path, theirs, len, at);
		pthread_mutex_lock(&file->lock);
		rc = got < 0 ? (int)got : version != file->version ? -EAGAIN : host_bytes_read(&file->bytes, ours, len, at);
		if (rc < 0)
			return rc;
		if ((size_t)got != len || memcmp(theirs, ours, len) != 0)
			return 0;
		at += len;
	}
	return 1;
}

/* An append was cut short: what of it is on the board need not be sent again. */
static void note_grown(struct open_file *file, const char *path, const struct board_stat *on_board, unsigned session)
{
	if (on_board->size == file->size) {
		note_sent(file, path, on_board, session, NULL);
		return;
	}
	file->board = *on_board;
	if (file->changed_from < on_board->size)
		file->changed_from = on_board->size;
	file->session = session;
	file->version++;
}

/*
 * The same as compare for a file with changes, as far as only the board has some of it. Returns 0, or a negative errno: -EAGAIN
 * something happened to the file meanwhile.
 */
static int compare_dirty(struct open_file *file, const char *path, int rc, const struct board_stat *on_board, unsigned session)
{
	bool there = rc == 0 && !on_board->is_dir;

	if (rc < 0 && rc != -ENOENT && rc != -ENOTDIR)
		return rc;
	if (there && file->on_board && on_board->size == file->board.size && on_board->mtime == file->board.mtime) {
		file->session = session;
		return 0;
	}
	if (there && is_only_added(file) && on_board->size > file->board.size && on_board->size <= file->size) {
		rc = grew_by_ours(file, path, on_board->size);
		if (rc < 0)
			return rc;
		if (rc > 0) {
			note_grown(file, path, on_board, session);
			return 0;
		}
	}
	/* What is held wholly may be on the board already: who sends it finds out. */
	file->unsure = true;
	file->changed_away |= file->far_from < file->far_to;
	file->session = session;
	return 0;
}

/*
 * Where the board was out of sight since the file was looked at last: looks whether it is still the same. Gives up the lock
 * meanwhile. Returns 0 or a negative errno.
 */
static int revisit(struct open_file *file, const char *path)
{
	struct kept_times_pair times;
	struct board_stat on_board;
	unsigned session;
	uint64_t version;
	int rc;

	while (file->loaded && !file->gone && (session = board_session(file->mount->board)) != file->session) {
		version = file->version;
		pthread_mutex_unlock(&file->lock);
		rc = ask_board(file, path, &on_board, &times);
		pthread_mutex_lock(&file->lock);
		if (version != file->version)
			continue;
		rc = is_dirty(file) ? compare_dirty(file, path, rc, &on_board, session)
				    : compare(file, rc, &on_board, &times, session);
		if (rc < 0 && rc != -EAGAIN)
			return rc == -ESTALE ? -EIO : rc;
	}
	return file->changed_away ? -EIO : 0;
}

int open_file_load(struct open_file *file, const char *path)
{
	struct kept_times_pair times;
	struct board_stat on_board;
	unsigned session;
	int rc = 0;

	pthread_mutex_lock(&file->lock);
	while (!file->loaded && file->busy)
		pthread_cond_wait(&file->idle, &file->lock);
	if (file->loaded) {
		revisit(file, path); /* so that who opens it now is not taken for one of before; what is wrong, its use tells */
	} else {
		file->busy = true;
		pthread_mutex_unlock(&file->lock);
		session = board_session(file->mount->board);
		rc = ask_board(file, path, &on_board, &times);
		pthread_mutex_lock(&file->lock);
		if (rc == 0 && on_board.is_dir)
			rc = -EISDIR;
		if (rc == 0) {
			forget_content(file, &on_board, &times);
			file->session = session;
		}
		set_idle(file);
	}
	pthread_mutex_unlock(&file->lock);
	return rc;
}

/* board_read of the file as it is known here, without the lock. Once more where the board was out of sight meanwhile. */
static ssize_t read_board(struct open_file *file, const char *path, void *buf, size_t len, uint64_t offset)
{
	unsigned content = file->content;
	ssize_t got;

	do {
		got = revisit(file, path);
		if (got < 0 || content != file->content)
			return got < 0 ? got : -EIO;
		pthread_mutex_unlock(&file->lock);
		got = path ? board_read(file->mount->board, path, buf, len, offset) : -EIO;
		pthread_mutex_lock(&file->lock);
	} while (got >= 0 && !file->gone && board_session(file->mount->board) != file->session);
	return got;
}

/*
 * Reads the first part of the LEN bytes at OFFSET that lies in one place, into BUF. Returns the bytes read, or a negative errno;
 * *END tells that the board's file ends there although ours does not.
 */
static ssize_t read_part(struct open_file *file, const char *path, void *buf, size_t len, uint64_t offset, bool *end)
{
	uint64_t version = file->version;
	ssize_t got;
	int rc;

	if (offset >= file->far_from && offset < file->far_to) {
		if (len > file->far_to - offset)
			len = (size_t)(file->far_to - offset);
		got = read_board(file, path, buf, len, offset);
		*end = got >= 0 && (size_t)got < len && version == file->version;
		return got;
	}
	if (offset < file->far_from && len > file->far_from - offset)
		len = (size_t)(file->far_from - offset);
	rc = host_bytes_read(&file->bytes, buf, len, offset);
	return rc < 0 ? rc : (ssize_t)len;
}

ssize_t open_file_read(struct open_file *file, const char *path, void *buf, size_t len, uint64_t offset)
{
	size_t done = 0, want;
	ssize_t got = 0;
	bool end = false;

	pthread_mutex_lock(&file->lock);
	while (got >= 0 && !end && done < len && offset + done < file->size) {
		want = len - done;
		if (want > file->size - offset - done)
			want = (size_t)(file->size - offset - done);
		got = read_part(file, path, (char *)buf + done, want, offset + done, &end);
		if (got > 0)
			done += (size_t)got;
	}
	pthread_mutex_unlock(&file->lock);
	return got < 0 ? got : (ssize_t)done;
}

/* Brings here what only the board has. Called with the lock and `busy`, gives up the lock meanwhile. */
static int fetch(struct open_file *file, const char *path)
{
	unsigned char *piece;
	size_t want;
	ssize_t got = 0;

	if (file->far_from >= file->far_to)
		return 0;
	piece = malloc(FETCH_PIECE);
	if (!piece)
		return -ENOMEM;
	while (got >= 0 && file->far_from < file->far_to) {
		want = file->far_to - file->far_from < FETCH_PIECE ? (size_t)(file->far_to - file->far_from) : FETCH_PIECE;
		got = read_board(file, path, piece, want, file->far_from);
		if (got > 0) {
			int rc = host_bytes_write(&file->bytes, piece, (size_t)got, file->far_from);

			if (rc < 0)
				got = rc;
			else
				file->far_from += (uint64_t)got;
		}
		/* The board's file has become shorter: the rest is a hole, as after a truncate by somebody else. */
		if (got >= 0 && (size_t)got < want)
			file->far_from = file->far_to;
	}
	free(piece);
	return got < 0 ? (int)got : 0;
}

/* fetch, called with the lock of an idle file. */
static int fetch_idle(struct open_file *file, const char *path)
{
	int rc;

	file->busy = true;
	rc = fetch(file, path);
	set_idle(file);
	return rc;
}

int open_file_fetch(struct open_file *file, const char *path)
{
	int rc;

	lock_idle(file);
	rc = fetch_idle(file, path);
	pthread_mutex_unlock(&file->lock);
	return rc;
}

/* The bytes FROM ... TO are held here now. They are not a part of the middle of what only the board has. */
static void take_from_board(struct open_file *file, uint64_t from, uint64_t to)
{
	if (to <= file->far_from || from >= file->far_to)
		return;
	if (from > file->far_from)
		file->far_to = from;
	else
		file->far_from = to < file->far_to ? to : file->far_to;
}

static void note_change(struct open_file *file, uint64_t from)
{
	if (from < file->changed_from)
		file->changed_from = from;
	file->failure = 0;
	file->version++;
	file->mount->now(&file->times.mtime);
}

/* open_file_write with the lock of an idle file. */
static int write_idle(struct open_file *file, const char *path, const void *buf, size_t len, uint64_t offset)
{
	int rc = 0;

	if (len > OPEN_FILE_MAX || offset > OPEN_FILE_MAX - len)
		return -EFBIG;
	if (len == 0)
		return 0;
	if (offset > file->far_from && offset + len < file->far_to)
		rc = fetch_idle(file, path);
	if (rc == 0)
		rc = host_bytes_write(&file->bytes, buf, len, offset);
	if (rc < 0)
		return rc;
	take_from_board(file, offset, offset + len);
	note_change(file, offset < file->size ? offset : file->size);
	if (offset + len > file->size)
		file->size = offset + len;
	return 0;
}

ssize_t open_file_write(struct open_file *file, const char *path, const void *buf, size_t len, uint64_t offset, bool append)
{
	int rc;

	lock_idle(file);
	rc = write_idle(file, path, buf, len, append ? file->size : offset);
	pthread_mutex_unlock(&file->lock);
	return rc < 0 ? rc : (ssize_t)len;
}

/* The times are on record for the file that the board has, which is like ours. */
static void keep_times(struct open_file *file, const char *path)
{
	if (path && file->on_board)
		kept_times_put(file->mount->times, path, &file->board, &file->times);
}

static int cut(struct open_file *file, uint64_t size)
{
	int rc = host_bytes_cut(&file->bytes, size);

	if (rc < 0)
		return rc;
	if (file->far_from > size)
		file->far_from = size;
	if (file->far_to > size)
		file->far_to = size;
	note_change(file, size);
	file->size = size;
	return 0;
}

int open_file_truncate(struct open_file *file, const char *path, uint64_t size)
{
	int rc = 0;

	if (size > OPEN_FILE_MAX)
		return -EFBIG;
	lock_idle(file);
	if (size < file->size) {
		rc = cut(file, size);
	} else if (size > file->size) {
		note_change(file, file->size);
		file->size = size;
	} else {
		file->mount->now(&file->times.mtime);
		if (!is_dirty(file))
			keep_times(file, path);
	}
	pthread_mutex_unlock(&file->lock);
	return rc;
}

static int give_content(void *context, void *buf, size_t len, uint64_t offset)
{
	/* Without the lock: while the file is busy nothing changes its bytes. */
	return host_bytes_read(context, buf, len, offset);
}

static int send_tail(struct open_file *file, const char *path, struct board_stat *now)
{
	struct board_content content = {.size = file->size, .read = give_content, .context = &file->bytes};
	uint64_t from = file->board.size;
	int rc;

	pthread_mutex_unlock(&file->lock);
	rc = board_append(file->mount->board, path, &content, from, now);
	pthread_mutex_lock(&file->lock);
	return rc;
}

static int send_whole(struct open_file *file, const char *path, struct board_stat *now)
{
	struct board_content content = {.size = file->size, .read = give_content, .context = &file->bytes};
	int rc = fetch(file, path);

	content.differs = !file->on_board || file->board.size != file->size;
	content.known = true;
	content.unsure = file->unsure;
	content.there = file->on_board;
	content.was = file->board;
	if (rc < 0)
		return rc;
	pthread_mutex_unlock(&file->lock);
	rc = board_replace(file->mount->board, path, &content, now);
	pthread_mutex_lock(&file->lock);
	return rc;
}

/* Sends what the board lacks. Called with the lock and `busy`, gives up the lock meanwhile. */
static int send(struct open_file *file, const char *path, struct board_stat *now)
{
	int rc = is_only_added(file) && !file->unsure ? send_tail(file, path, now) : -ESTALE;

	/* Somebody else has changed the board's file: what we have of it counts, as with any two writers. */
	if (rc == -ESTALE && file->session == board_session(file->mount->board))
		rc = send_whole(file, path, now);
	return rc;
}

/*
 * The SHA-256 of what was sent, where the times of NOW may need it and all of it is here. Returns HASH, or NULL: not known. Called with
 * the lock and `busy`, gives up the lock meanwhile.
 */
static const uint8_t *hash_sent(struct open_file *file, const struct board_stat *now, uint8_t hash[BOARD_HASH_SIZE])
{
	const struct board_content content = {.size = file->size, .read = give_content, .context = &file->bytes};
	int rc;

	if (!kept_times_wants_hash(now) || file->far_from < file->far_to)
		return NULL;
	pthread_mutex_unlock(&file->lock);
	rc = board_content_hash(&content, hash);
	pthread_mutex_lock(&file->lock);
	return rc < 0 ? NULL : hash;
}

/* HASH: of the content; NULL: not known. */
static void note_sent(struct open_file *file, const char *path, const struct board_stat *now, unsigned session,
		      const uint8_t *hash)
{
	file->on_board = true;
	file->board = *now;
	file->session = session;
	file->unsure = false;
	file->changed_from = NOTHING_CHANGED;
	file->version++;
	if (path)
		kept_times_put_written(file->mount->times, path, now, &file->times, hash);
	/* What is held wholly stays, for the next change in its middle; a tail alone is of no more use. */
	if (file->far_from < file->far_to) {
		host_bytes_clear(&file->bytes);
		file->far_from = 0;
		file->far_to = file->size;
	}
}

/* Sends what the board lacks, once more where it was out of sight meanwhile. Called as send. */
static int send_all(struct open_file *file, const char *path)
{
	uint8_t hash[BOARD_HASH_SIZE];
	struct board_stat now;
	int rc;

	if (!path)
		return -ENOENT;
	do {
		rc = revisit(file, path);
		if (rc < 0 || !is_dirty(file))
			return rc;
		rc = send(file, path, &now);
		if (rc == 0)
			note_sent(file, path, &now, file->session, hash_sent(file, &now, hash));
	} while (rc == -ESTALE && board_session(file->mount->board) != file->session);
	if (rc == -ESTALE) /* it was changed while the board was away */
		file->changed_away = true;
	return rc == -ESTALE ? -EIO : rc;
}

int open_file_sync(struct open_file *file, const char *path)
{
	int rc = 0;

	lock_idle(file);
	if (is_dirty(file)) {
		file->busy = true;
		rc = send_all(file, path);
		file->failure = rc;
		set_idle(file);
	}
	pthread_mutex_unlock(&file->lock);
	return rc;
}

void open_file_set_gone(struct open_file *file)
{
	lock_idle(file);
	file->gone = true;
	file->on_board = false;
	file->version++;
	pthread_mutex_unlock(&file->lock);
}

int open_file_set_times(struct open_file *file, const char *path, const struct timespec *atime, const struct timespec *mtime)
{
	int rc = open_file_load(file, path);

	if (rc < 0)
		return rc;
	pthread_mutex_lock(&file->lock);
	if (atime)
		file->times.atime = *atime;
	if (mtime)
		file->times.mtime = *mtime;
	if (!is_dirty(file))
		keep_times(file, path);
	pthread_mutex_unlock(&file->lock);
	return 0;
}

/* Asks the board again, until nothing happened to the file while it was asked. Called with the lock. */
static int look_again(struct open_file *file, const char *path)
{
	struct kept_times_pair times;
	struct board_stat on_board;
	unsigned session;
	uint64_t version;
	int rc;

	while (path && !is_ours(file)) {
		version = file->version;
		pthread_mutex_unlock(&file->lock);
		session = board_session(file->mount->board);
		rc = ask_board(file, path, &on_board, &times);
		pthread_mutex_lock(&file->lock);
		if (version == file->version && !is_ours(file))
			return compare(file, rc, &on_board, &times, session);
	}
	return 0;
}

static void fill_state(const struct open_file *file, struct open_file_state *state)
{
	*state = (struct open_file_state){.size = file->size, .times = file->times, .gone = file->gone};
	state->only_added = is_dirty(file) && is_only_added(file);
	state->changed_away = file->changed_away;
	state->unsent = !is_dirty(file) ? 0 : state->only_added ? file->size - file->board.size : file->size;
}

int open_file_stat(struct open_file *file, const char *path, struct open_file_state *state)
{
	int rc = open_file_load(file, path);

	if (rc < 0)
		return rc == -ENOENT || rc == -ENOTDIR || rc == -EISDIR ? -ESTALE : rc;
	pthread_mutex_lock(&file->lock);
	rc = look_again(file, path);
	fill_state(file, state);
	pthread_mutex_unlock(&file->lock);
	return rc;
}

bool open_file_peek(struct open_file *file, struct open_file_state *state)
{
	bool ours;

	pthread_mutex_lock(&file->lock);
	ours = file->loaded && is_ours(file);
	if (ours)
		fill_state(file, state);
	pthread_mutex_unlock(&file->lock);
	return ours;
}

bool open_file_is_dirty(struct open_file *file)
{
	bool dirty;

	pthread_mutex_lock(&file->lock);
	dirty = is_dirty(file);
	pthread_mutex_unlock(&file->lock);
	return dirty;
}

bool open_file_is_pending(struct open_file *file)
{
	bool pending;

	pthread_mutex_lock(&file->lock);
	pending = file->loaded && !file->on_board && !file->gone;
	pthread_mutex_unlock(&file->lock);
	return pending;
}

int open_file_failure(struct open_file *file)
{
	int failure;

	pthread_mutex_lock(&file->lock);
	failure = file->failure;
	pthread_mutex_unlock(&file->lock);
	return failure;
}

bool open_file_on_board(struct open_file *file, struct board_stat *on_board)
{
	bool known;

	pthread_mutex_lock(&file->lock);
	known = file->loaded && file->on_board && !file->gone && !is_dirty(file);
	if (known)
		*on_board = file->board;
	pthread_mutex_unlock(&file->lock);
	return known;
}

bool open_file_changed_alone(struct open_file *file)
{
	bool changed;

	pthread_mutex_lock(&file->lock);
	changed = file->changed_alone;
	file->changed_alone = false;
	pthread_mutex_unlock(&file->lock);
	return changed;
}

unsigned open_file_content(struct open_file *file)
{
	unsigned content;

	pthread_mutex_lock(&file->lock);
	content = file->content;
	pthread_mutex_unlock(&file->lock);
	return content;
}
