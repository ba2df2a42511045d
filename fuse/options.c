/* SPDX-License-Identifier: MIT */
#include "fuse/options.h"

#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/number.h"
#include "bytelink/device_option.h"

enum {
	DEFAULT_ATTR_TIMEOUT_S = 20,
	DEFAULT_UMASK = 022,
};

static int fail(struct diag *diag, const char *name, const char *value, const char *allowed)
{
	return diag_fail(diag, DIAG_USAGE, EINVAL, "option %s=%s: %s", name, value, allowed);
}

/* ---- values ---- */

static int set_string(char **out, const char *value)
{
	free(*out);
	*out = strdup(value);
	return *out ? 0 : -ENOMEM;
}

typedef int set_fn(struct options *options, const char *name, const char *value, struct diag *diag);

static int set_uid(struct options *options, const char *name, const char *value, struct diag *diag)
{
	struct passwd *user = getpwnam(value);
	unsigned long number;

	if (number_parse(value, 10, UINT32_MAX - 1, &number) == 0)
		options->uid = (uid_t)number;
	else if (user)
		options->uid = user->pw_uid;
	else
		return fail(diag, name, value, "give a user's number or name");
	return 0;
}

static int set_gid(struct options *options, const char *name, const char *value, struct diag *diag)
{
	struct group *group = getgrnam(value);
	unsigned long number;

	if (number_parse(value, 10, UINT32_MAX - 1, &number) == 0)
		options->gid = (gid_t)number;
	else if (group)
		options->gid = group->gr_gid;
	else
		return fail(diag, name, value, "give a group's number or name");
	return 0;
}

static int set_umask(struct options *options, const char *name, const char *value, struct diag *diag)
{
	unsigned long number;

	if (number_parse(value, 8, 0777, &number) < 0)
		return fail(diag, name, value, "give the permissions that nobody gets as octal digits, 0 to 777, such as 022");
	options->umask = (mode_t)number;
	return 0;
}

static int set_fsname(struct options *options, const char *name, const char *value, struct diag *diag)
{
	(void)name, (void)diag;
	return set_string(&options->fsname, value);
}

/* Takes superfluous slashes out of DIR. Returns false when it has a part that leads elsewhere. */
static bool tidy(char *dir)
{
	const char *from = dir;
	char *to = dir;
	size_t len;

	for (; *from; from += len) {
		from += strspn(from, "/");
		len = strcspn(from, "/");
		if (len == 0)
			break;
		if ((len == 1 && from[0] == '.') || (len == 2 && from[0] == '.' && from[1] == '.'))
			return false;
		*to++ = '/';
		memmove(to, from, len);
		to += len;
	}
	if (to == dir)
		*to++ = '/';
	*to = '\0';
	return true;
}

static int set_root(struct options *options, const char *name, const char *value, struct diag *diag)
{
	free(options->root);
	/* One more than needed for the slash that a relative path gets, and one for the root itself. */
	options->root = malloc(strlen(value) + 3);
	if (!options->root)
		return -ENOMEM;
	sprintf(options->root, "/%s", value);
	if (!*value || !tidy(options->root))
		return fail(diag, name, value, "give a directory of the board, such as /flash, without . and ..");
	return 0;
}

static int set_device(struct options *options, const char *name, const char *value, struct diag *diag)
{
	return device_option_set(&options->device_options, name, value, diag);
}

static int set_reconnect(struct options *options, const char *name, const char *value, struct diag *diag)
{
	double seconds;

	if (number_parse_seconds(value, 0, 86400, &seconds) < 0)
		return fail(diag, name, value, "give the seconds to wait for a board that is away, 0 to 86400 (default 0)");
	options->reconnect_us = (int64_t)(seconds * 1e6);
	return 0;
}

static int set_attr_timeout(struct options *options, const char *name, const char *value, struct diag *diag)
{
	if (number_parse_seconds(value, 0, 86400, &options->attr_timeout) < 0)
		return fail(diag, name, value, "give seconds, 0 to 86400 (default 20)");
	return 0;
}

/* ---- -o ---- */

#define FLAG(member) offsetof(struct options, member)

/* The words that are true or false. */
static const struct flag {
	const char *name;
	size_t offset;
	bool value;
} flags[] = {
	{"ro", FLAG(read_only), true},
	{"rw", FLAG(read_only), false},
	{"allow_other", FLAG(allow_other), true},
	{"default_permissions", FLAG(default_permissions), true},
	{"noromfs", FLAG(noromfs), true},
	{"noreconnect", FLAG(noreconnect), true},
	{"nointerrupt", FLAG(nointerrupt), true},
	{"restart", FLAG(restart), true},
	{"settime", FLAG(settime), true},
	{"force", FLAG(force), true},
};

/* The words that take a value. */
static const struct setting {
	const char *name;
	set_fn *set;
} settings[] = {
	{"uid", set_uid},
	{"gid", set_gid},
	{"umask", set_umask},
	{"fsname", set_fsname},
	{"root", set_root},
	{"baud", set_device},
	{"dtr", set_device},
	{"rts", set_device},
	{"timeout", set_device},
	{"attr_timeout", set_attr_timeout},
	{"reconnect", set_reconnect},
};

/* mount(8)'s words that libfuse passes on to the kernel. */
static const char *const kernel_words[] = {
	"suid", "nosuid", "dev", "nodev", "exec", "noexec", "sync", "async", "atime", "noatime", "dirsync",
};

/* mount(8)'s words that say nothing to a file system; the last ones are starts of words. */
static const char *const ignored_words[] = {
	"defaults",   "auto",     "noauto",     "user",    "nouser",   "users",      "nousers",     "owner",         "noowner",
	"group",      "nogroup",  "nofail",     "_netdev", "relatime", "norelatime", "strictatime", "nostrictatime", "lazytime",
	"nolazytime", "diratime", "nodiratime", "mand",    "nomand",   "iversion",   "noiversion",  "silent",        "loud",
};
static const char *const ignored_starts[] = {"x-", "X-", "comment=", "user=", "uhelper=", "helper="};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool is_one_of(const char *word, const char *const *words, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (strcmp(word, words[i]) == 0)
			return true;
	}
	return false;
}

static bool is_ignored(const char *word)
{
	size_t i;

	for (i = 0; i < COUNT(ignored_starts); i++) {
		if (strncmp(word, ignored_starts[i], strlen(ignored_starts[i])) == 0)
			return true;
	}
	return is_one_of(word, ignored_words, COUNT(ignored_words));
}

static int add_kernel_word(struct options *options, const char *word)
{
	char *joined;

	if (asprintf(&joined, "%s%s%s", options->kernel_flags ? options->kernel_flags : "", options->kernel_flags ? "," : "",
		     word) < 0)
		return -ENOMEM;
	free(options->kernel_flags);
	options->kernel_flags = joined;
	return 0;
}

/* Sets the flag or setting NAME (VALUE: NULL without `=`). Returns 0, -ENOENT when there is none of that name, or another error. */
static int set_by_name(struct options *options, const char *name, const char *value, struct diag *diag)
{
	size_t i;

	for (i = 0; i < COUNT(flags); i++) {
		if (strcmp(name, flags[i].name) != 0)
			continue;
		if (value)
			return fail(diag, name, value, "takes no value");
		*(bool *)((char *)options + flags[i].offset) = flags[i].value;
		return 0;
	}
	for (i = 0; i < COUNT(settings); i++) {
		if (strcmp(name, settings[i].name) != 0)
			continue;
		if (!value)
			return diag_fail(diag, DIAG_USAGE, EINVAL, "option %s needs a value: %s=...", name, name);
		return settings[i].set(options, name, value, diag);
	}
	return -ENOENT;
}

/* One word of -o. SLOPPY: unknown ones are let pass. */
static int take_word(struct options *options, char *word, bool sloppy, struct diag *diag)
{
	char *value;
	int rc;

	if (!*word || is_ignored(word))
		return 0;
	if (is_one_of(word, kernel_words, COUNT(kernel_words)))
		return add_kernel_word(options, word);
	if (strcmp(word, "remount") == 0)
		return diag_fail(diag, DIAG_USAGE, EINVAL, "option remount: not possible; unmount and mount again");
	value = strchr(word, '=');
	if (value)
		*value++ = '\0';
	rc = set_by_name(options, word, value, diag);
	if (rc != -ENOENT || sloppy)
		return rc == -ENOENT ? 0 : rc;
	return diag_fail(diag, DIAG_USAGE, EINVAL, "unknown option \"%s\"; --help lists those there are", word);
}

/* Cuts the next word off *REST, at a comma that has no backslash before it, and takes the backslashes out. */
static char *next_word(char **rest)
{
	char *word = *rest, *from = word, *to = word;

	for (; *from && *from != ','; from++) {
		if (*from == '\\' && (from[1] == ',' || from[1] == '\\'))
			from++;
		*to++ = *from;
	}
	*rest = *from ? from + 1 : NULL;
	*to = '\0';
	return word;
}

static int take_words(struct options *options, const char *list, bool sloppy, struct diag *diag)
{
	char *copy = strdup(list), *rest = copy;
	int rc = copy ? 0 : -ENOMEM;

	while (rc == 0 && rest)
		rc = take_word(options, next_word(&rest), sloppy, diag);
	free(copy);
	return rc;
}

/* ---- the command line ---- */

enum { OPTION_LIST = 256, OPTION_JSON };

static const struct option long_options[] = {
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{"list", no_argument, NULL, OPTION_LIST},
	{"json", no_argument, NULL, OPTION_JSON},
	{NULL, 0, NULL, 0},
};

static int take_letter(struct options *options, int letter, bool *sloppy)
{
	switch (letter) {
	case 'f':
		*(options->helper ? &options->fake : &options->foreground) = true;
		return 0;
	case 'd':
		options->debug = options->foreground = true;
		return 0;
	case 's':
		*sloppy = true;
		return 0;
	case 'v':
		options->verbose = true;
		return 0;
	case 'n': /* no entry in /etc/mtab: nobody writes one any more */
	case 't': /* the type, which is ours */
		return 0;
	case 'h':
		options->command = OPTIONS_HELP;
		return 0;
	case 'V':
		options->command = OPTIONS_VERSION;
		return 0;
	case OPTION_LIST:
		options->command = OPTIONS_LIST;
		return 0;
	case OPTION_JSON:
		options->json = true;
		return 0;
	default:
		return -EINVAL;
	}
}

static int bad_letter(char *const *argv, struct diag *diag)
{
	if (optopt > 0 && optopt < 256 && strchr("oNt", optopt))
		return diag_fail(diag, DIAG_USAGE, EINVAL, "-%c needs a value", optopt);
	if (optopt > 0 && optopt < 256)
		return diag_fail(diag, DIAG_USAGE, EINVAL, "unknown option -%c; --help lists those there are", optopt);
	return diag_fail(diag, DIAG_USAGE, EINVAL, "unknown option %s; --help lists those there are", argv[optind - 1]);
}

/* What is left of the command line: DEVICE and MOUNTPOINT. */
static int take_operands(struct options *options, int count, char **operands, struct diag *diag)
{
	if (options->json && options->command != OPTIONS_LIST)
		return diag_fail(diag, DIAG_USAGE, EINVAL, "--json goes with --list only");
	if (options->command == OPTIONS_LIST && count > 0)
		return diag_fail(diag, DIAG_USAGE, EINVAL, "--list takes nothing else, but there is \"%s\"", operands[0]);
	if (options->command != OPTIONS_MOUNT)
		return 0;
	if (count < 1)
		return diag_fail(diag, DIAG_USAGE, EINVAL, "DEVICE and MOUNTPOINT are missing; --help explains them");
	if (!*operands[0])
		return diag_fail(diag, DIAG_USAGE, EINVAL, "the name of DEVICE is empty; --help explains what it can be");
	if (count < 2 || !*operands[1])
		return diag_fail(diag, DIAG_USAGE, EINVAL, "MOUNTPOINT is missing: the directory where the board shall appear");
	if (count > 2)
		return diag_fail(diag, DIAG_USAGE, EINVAL, "one DEVICE and one MOUNTPOINT, but there is also \"%s\"",
				 operands[2]);
	if (set_string(&options->device, operands[0]) < 0 || set_string(&options->mount_point, operands[1]) < 0)
		return -ENOMEM;
	return 0;
}

/* mount(8) looks for mount.mpremote: under that name the program keeps to its rules. */
static bool is_helper(const char *program)
{
	static const char prefix[] = "mount.";
	const char *slash = strrchr(program, '/');
	const char *name = slash ? slash + 1 : program;

	return strlen(name) > sizeof(prefix) - 1 && memcmp(name, prefix, sizeof(prefix) - 1) == 0;
}

static void set_defaults(struct options *options, const char *program)
{
	*options = (struct options){
		.helper = is_helper(program),
		.uid = getuid(),
		.gid = getgid(),
		.umask = DEFAULT_UMASK,
		.device_options.timeout_us = DEVICE_OPTION_TIMEOUT_US,
		.attr_timeout = DEFAULT_ATTR_TIMEOUT_S,
	};
}

/* -o comes last, when it is known whether -s makes it sloppy. */
static int take_all_words(struct options *options, int argc, char **argv, const char *letters, bool sloppy, struct diag *diag)
{
	int letter, rc = 0;

	optind = 0;
	while (rc == 0 && (letter = getopt_long(argc, argv, letters, long_options, NULL)) != -1) {
		if (letter == 'o')
			rc = take_words(options, optarg, sloppy, diag);
	}
	return rc;
}

int options_parse(struct options *options, int argc, char **argv, struct diag *diag)
{
	const char *letters;
	bool sloppy = false;
	int letter, rc = 0;

	set_defaults(options, argc > 0 ? argv[0] : "");
	letters = options->helper ? ":sfnvo:t:N:hV" : ":fdo:hV";
	optind = 0;
	opterr = 0;
	while (rc == 0 && (letter = getopt_long(argc, argv, letters, long_options, NULL)) != -1) {
		if (letter == '?' || letter == ':')
			rc = bad_letter(argv, diag);
		else if (letter == 'N')
			rc = diag_fail(diag, DIAG_USAGE, EINVAL, "-N: a mount into another namespace is not possible");
		else if (letter != 'o')
			rc = take_letter(options, letter, &sloppy);
	}
	if (rc == 0)
		rc = take_all_words(options, argc, argv, letters, sloppy, diag);
	if (rc == 0)
		rc = take_operands(options, argc - optind, argv + optind, diag);
	return rc == -ENOMEM ? diag_fail(diag, DIAG_USAGE, ENOMEM, "not enough memory") : rc;
}

void options_free(struct options *options)
{
	free(options->device);
	free(options->mount_point);
	free(options->fsname);
	free(options->root);
	free(options->kernel_flags);
	*options = (struct options){0};
}

static const char program_usage[] =
	"Usage: mpremotefs [-f] [-d] [-o OPTIONS] DEVICE MOUNTPOINT\n"
	"       mpremotefs --list [--json]\n"
	"\n"
	"Makes the files of a MicroPython board a directory of this computer. It goes to the background when\n"
	"the directory is ready; \"fusermount3 -u MOUNTPOINT\" ends it.\n"
	"\n"
	"  -f            stay in the foreground; Ctrl-C unmounts\n"
	"  -d            stay in the foreground and show what goes over the line\n"
	"  -o OPTIONS    words from the list below, separated by commas\n"
	"  --list        the serial ports of this computer, with what each is; --json: for programs\n"
	"  --help        this text\n"
	"  --version     the version\n";

static const char helper_usage[] =
	"Usage: mount.mpremote DEVICE MOUNTPOINT [-sfnv] [-o OPTIONS]\n"
	"\n"
	"For mount(8), as in \"mount -t mpremote /dev/ttyACM0 /mnt/board\", and for fstab; see mpremotefs(1).\n"
	"\n"
	"  -s            let unknown options pass\n"
	"  -f            check everything, but do not mount\n"
	"  -n            accepted; nothing is written to /etc/mtab in any case\n"
	"  -v            say what is mounted\n"
	"  -o OPTIONS    words from the list below, separated by commas\n";

static const char common_usage[] =
	"\n"
	"DEVICE\n"
	"  /dev/ttyACM0            a serial port, a pseudo-terminal, or a link to one\n"
	"  a0, u0                  short for /dev/ttyACM0, /dev/ttyUSB0\n"
	"  id:SERIAL               the USB serial port with this serial number\n"
	"  port:PATH               the same as PATH\n"
	"  auto                    the only USB serial port there is\n"
	"  socket://HOST:PORT      a TCP connection\n"
	"  exec:COMMAND            COMMAND, run on a pseudo-terminal of its own\n"
	"  FILE.romfs              no board: a ROM image, read-only\n"
	"\n"
	"OPTIONS\n"
	"  ro, rw                  read only, or read and write (default)\n"
	"  uid=N, gid=N            the owner and the group of all files (default: you)\n"
	"  umask=MASK              the permissions that nobody gets, in octal (default 022)\n"
	"  allow_other             let other users in\n"
	"  default_permissions     let the kernel check permissions\n"
	"  fsname=NAME             the name in the list of mounts (default: DEVICE)\n"
	"  root=DIR                the board directory that becomes the top (default /)\n"
	"  baud=N                  the line's speed (default 115200)\n"
	"  dtr=, rts=on|off|keep   the line's control signals (default: what suits the port)\n"
	"  timeout=SECONDS         the longest silence of a live board, and the time to reach it (default 10)\n"
	"  reconnect=SECONDS       how long operations wait for a board that is unplugged or starts again (default 0:\n"
	"                          they fail within a second)\n"
	"  attr_timeout=SECONDS    how long names and attributes are remembered (default 20)\n"
	"  nointerrupt             refuse rather than stop a program that runs on the board\n"
	"  restart                 soft-reset the board at the end, so that its main.py runs again\n"
	"  settime                 set the board's clock\n"
	"  noreconnect             a board that was reset meanwhile is left alone if it runs a program again\n"
	"  force                   mount a damaged ROM image as far as it is whole\n"
	"  noromfs                 no /romfs0, /romfs1..., and no /rom: the board's ROM partitions are not shown\n"
	"  nosuid, nodev, noexec, sync, noatime ...   as mount(8)\n";

void options_print_help(FILE *out, bool helper)
{
	fputs(helper ? helper_usage : program_usage, out);
	fputs(common_usage, out);
}
