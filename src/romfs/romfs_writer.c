/* SPDX-License-Identifier: MIT */
#include "romfs/romfs_writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "romfs/romfs_format.h"

/* A file or a directory. They stand in the order of the image; a directory before what is in it. */
struct node {
	const char *name;
	size_t name_len;
	const uint8_t *data; /* NULL: a directory, or an empty file */
	bool is_dir;
	size_t parent; /* index; its own for the top */
	size_t first;  /* index of the node whose content this one points to; its own: it has its content itself */
	uint64_t size; /* bytes of a file; of a directory, once they are counted, the records in it */
	size_t at;     /* where a file's content lies, counted from the first record; once it is known */
};

struct romfs_writer {
	struct node *nodes;
	size_t count, room;
	bool dedupe;
	size_t current;  /* index of the directory that is open */
	size_t depth;    /* of it; 1 for the top */
	size_t path_len; /* of it */
};

static int append_node(struct romfs_writer *writer, const struct node *node)
{
	if (writer->count == writer->room) {
		size_t room = writer->room ? 2 * writer->room : 64;
		struct node *nodes = reallocarray(writer->nodes, room, sizeof(*nodes));

		if (!nodes)
			return -ENOMEM;
		writer->nodes = nodes;
		writer->room = room;
	}
	writer->nodes[writer->count] = *node;
	writer->nodes[writer->count].first = writer->count;
	writer->count++;
	return 0;
}

int romfs_writer_open(struct romfs_writer **out, bool dedupe)
{
	struct romfs_writer *writer = calloc(1, sizeof(*writer));
	const struct node top = {.name = "", .is_dir = true};

	*out = NULL;
	if (!writer)
		return -ENOMEM;
	writer->dedupe = dedupe;
	writer->depth = 1;
	if (append_node(writer, &top) < 0) {
		free(writer);
		return -ENOMEM;
	}
	*out = writer;
	return 0;
}

void romfs_writer_close(struct romfs_writer *writer)
{
	if (writer)
		free(writer->nodes);
	free(writer);
}

static int add_node(struct romfs_writer *writer, struct node *node)
{
	node->name_len = strlen(node->name);
	node->parent = writer->current;
	if (romfs_format_name_fault(node->name, node->name_len))
		return -EINVAL;
	if (writer->path_len + (writer->path_len > 0) + node->name_len > ROMFS_PATH_MAX)
		return -ENAMETOOLONG;
	return append_node(writer, node);
}

int romfs_writer_enter(struct romfs_writer *writer, const char *name)
{
	struct node node = {.name = name, .is_dir = true};
	int rc;

	if (writer->depth == ROMFS_DEPTH_MAX)
		return -ENAMETOOLONG;
	rc = add_node(writer, &node);
	if (rc < 0)
		return rc;
	writer->current = writer->count - 1;
	writer->depth++;
	writer->path_len += (writer->path_len > 0) + node.name_len;
	return 0;
}

int romfs_writer_leave(struct romfs_writer *writer)
{
	const struct node *node = &writer->nodes[writer->current];

	if (writer->depth == 1)
		return -EINVAL;
	writer->depth--;
	writer->path_len -= node->name_len;
	writer->path_len -= writer->path_len > 0; /* the slash */
	writer->current = node->parent;
	return 0;
}

int romfs_writer_add(struct romfs_writer *writer, const char *name, const void *data, size_t size)
{
	struct node node = {.name = name, .data = data, .size = size};

	return size > UINT32_MAX ? -EFBIG : add_node(writer, &node);
}

/* --- Equal contents --- */

/* Files by size and content; of equal ones the one that comes first in the image. */
static int compare_nodes(const void *left, const void *right)
{
	const struct node *a = *(const struct node *const *)left, *b = *(const struct node *const *)right;
	int order = (a->size > b->size) - (a->size < b->size);

	if (order == 0)
		order = memcmp(a->data, b->data, a->size);
	return order ? order : (a > b) - (a < b);
}

static size_t pointer_size(uint64_t size)
{
	return romfs_format_number_size((uint32_t)size) + ROMFS_NUMBER_SIZE;
}

/* What a pointer takes is never more than this content and its length. */
static bool pays(const struct node *node)
{
	return !node->is_dir && 1 + pointer_size(node->size) < romfs_format_number_size((uint32_t)node->size) + node->size;
}

static int find_equals(struct romfs_writer *writer)
{
	struct node **files = calloc(writer->count, sizeof(struct node *));
	size_t count = 0, i;

	if (!files)
		return -ENOMEM;
	for (i = 0; i < writer->count; i++) {
		if (pays(&writer->nodes[i]))
			files[count++] = &writer->nodes[i];
	}
	qsort(files, count, sizeof(struct node *), compare_nodes);
	for (i = 1; i < count; i++) {
		if (files[i]->size == files[i - 1]->size && memcmp(files[i]->data, files[i - 1]->data, files[i]->size) == 0)
			files[i]->first = files[i - 1]->first;
	}
	free(files);
	return 0;
}

/* --- Sizes --- */

static bool is_pointer(const struct romfs_writer *writer, const struct node *node)
{
	return node->first != (size_t)(node - writer->nodes);
}

/* A record's size, of what it holds: kinds below 128 take one byte. */
static uint64_t record_size(uint64_t payload)
{
	return 1 + romfs_format_number_size(payload > UINT32_MAX ? UINT32_MAX : (uint32_t)payload) + payload;
}

/* What stands in the record of a file or directory. */
static uint64_t payload_size(const struct romfs_writer *writer, const struct node *node)
{
	uint64_t size = romfs_format_number_size((uint32_t)node->name_len) + node->name_len;

	if (node->is_dir)
		return size + node->size;
	return size + record_size(is_pointer(writer, node) ? pointer_size(node->size) : node->size);
}

/* From the last to the first: what is in a directory comes after it, so it is complete when its own turn comes. */
static void count_sizes(struct romfs_writer *writer)
{
	for (size_t i = writer->count - 1; i > 0; i--)
		writer->nodes[writer->nodes[i].parent].size += record_size(payload_size(writer, &writer->nodes[i]));
}

/* --- Writing --- */

static uint8_t *put_record(uint8_t *out, enum romfs_kind kind, uint64_t payload)
{
	out += romfs_format_put_number(out, kind);
	return out + romfs_format_put_number(out, (uint32_t)payload);
}

static uint8_t *put_bytes(uint8_t *out, const void *bytes, size_t size)
{
	if (size > 0)
		memcpy(out, bytes, size);
	return out + size;
}

/* Data that is pointed to comes before what points to it, so its place is known. */
static uint8_t *put_content(struct romfs_writer *writer, struct node *node, uint8_t *out, const uint8_t *top)
{
	if (is_pointer(writer, node)) {
		out = put_record(out, ROMFS_POINTER, pointer_size(node->size));
		out += romfs_format_put_number(out, (uint32_t)node->size);
		romfs_format_put_padded(out, (uint32_t)writer->nodes[node->first].at);
		return out + ROMFS_NUMBER_SIZE;
	}
	out = put_record(out, ROMFS_VERBATIM, node->size);
	node->at = (size_t)(out - top);
	return put_bytes(out, node->data, node->size);
}

static uint8_t *put_node(struct romfs_writer *writer, struct node *node, uint8_t *out, const uint8_t *top)
{
	out = put_record(out, node->is_dir ? ROMFS_DIRECTORY : ROMFS_FILE, payload_size(writer, node));
	out += romfs_format_put_number(out, (uint32_t)node->name_len);
	out = put_bytes(out, node->name, node->name_len);
	return node->is_dir ? out : put_content(writer, node, out, top);
}

int romfs_writer_finish(struct romfs_writer *writer, uint8_t **image, size_t *size)
{
	uint64_t inner, header;
	uint8_t *out;
	const uint8_t *top;

	if (writer->depth != 1)
		return -EINVAL;
	if (writer->dedupe && find_equals(writer) < 0)
		return -ENOMEM;
	count_sizes(writer);
	inner = writer->nodes[0].size;
	if (inner > UINT32_MAX - 16)
		return -EFBIG;
	header = ROMFS_MAGIC_SIZE + romfs_format_number_size((uint32_t)inner);
	*size = (size_t)(header + inner);
	*size += *size % 2; /* the length's number is padded to make it even */
	out = *image = malloc(*size);
	if (!out)
		return -ENOMEM;
	out = put_bytes(out, ROMFS_MAGIC, ROMFS_MAGIC_SIZE);
	if ((header + inner) % 2)
		*out++ = 0x80;
	out += romfs_format_put_number(out, (uint32_t)inner);
	top = out;
	for (size_t i = 1; i < writer->count; i++)
		out = put_node(writer, &writer->nodes[i], out, top);
	return 0;
}
