/* SPDX-License-Identifier: MIT */
#include "fuse/options.h"

#include <errno.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { MAX_WORDS = 16 };

/* Parses LINE, words separated by blanks; the first is the program's name. */
static int parse(struct options *options, const char *line, struct diag *diag)
{
	char copy[512], *argv[MAX_WORDS + 1], *save, *word;
	int argc = 0;

	assert_in_range(strlen(line), 1, sizeof(copy) - 1);
	strcpy(copy, line);
	for (word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		assert_in_range(argc, 0, MAX_WORDS - 1);
		argv[argc++] = word;
	}
	argv[argc] = NULL;
	diag_clear(diag);
	return options_parse(options, argc, argv, diag);
}

static struct options good(const char *line)
{
	struct options options;
	struct diag diag;

	if (parse(&options, line, &diag) < 0)
		fail_msg("%s: %s", line, diag.text);
	return options;
}

/* LINE is refused with words that hold PART. */
static void expect_refused(const char *line, const char *part)
{
	struct options options;
	struct diag diag;

	assert_int_equal(parse(&options, line, &diag), -EINVAL);
	assert_int_equal(diag.layer, DIAG_USAGE);
	if (!strstr(diag.text, part))
		fail_msg("%s: \"%s\" does not tell of \"%s\"", line, diag.text, part);
	options_free(&options);
}

static void defaults_are_those_of_the_manual(void **state)
{
	struct options options = good("mpremotefs a0 /mnt");

	(void)state;
	assert_int_equal(options.command, OPTIONS_MOUNT);
	assert_string_equal(options.device, "a0");
	assert_string_equal(options.mount_point, "/mnt");
	assert_int_equal(options.uid, getuid());
	assert_int_equal(options.gid, getgid());
	assert_int_equal(options.umask, 022);
	assert_int_equal(options.device_options.timeout_us, 10000000);
	assert_int_equal(options.reconnect_us, 0);
	assert_true(options.attr_timeout == 20);
	assert_int_equal(options.device_options.baud, 0);
	assert_int_equal(options.device_options.dtr, DEVICE_SIGNAL_DEFAULT);
	assert_null(options.root);
	assert_null(options.fsname);
	assert_null(options.kernel_flags);
	assert_false(options.helper || options.foreground || options.debug || options.read_only || options.fake);
	options_free(&options);
}

static void letters_stand_anywhere(void **state)
{
	struct options options = good("./mpremotefs a0 -f /mnt -o ro");

	(void)state;
	assert_true(options.foreground);
	assert_true(options.read_only);
	assert_string_equal(options.mount_point, "/mnt");
	options_free(&options);
	options = good("mpremotefs -d a0 /mnt");
	assert_true(options.foreground && options.debug);
	options_free(&options);
	options = good("mpremotefs -- -odd /mnt");
	assert_string_equal(options.device, "-odd");
	options_free(&options);
}

static void commands_are_known(void **state)
{
	struct options options;

	(void)state;
	assert_int_equal(good("mpremotefs --help").command, OPTIONS_HELP);
	assert_int_equal(good("mpremotefs -h").command, OPTIONS_HELP);
	assert_int_equal(good("mpremotefs --version").command, OPTIONS_VERSION);
	assert_int_equal(good("mpremotefs -V").command, OPTIONS_VERSION);
	options = good("mpremotefs --list --json");
	assert_int_equal(options.command, OPTIONS_LIST);
	assert_true(options.json);
	assert_false(good("mpremotefs --list").json);
}

static void every_option_is_read(void **state)
{
	struct options options =
		good("mpremotefs -o ro,uid=7,gid=8,umask=077,allow_other,default_permissions,fsname=x -o "
		     "root=flash//lib/,noromfs,baud=921600,dtr=on,rts=keep,timeout=2.5,reconnect=30,attr_timeout=0,nointerrupt,"
		     "restart,noreconnect,settime a0 /mnt");

	(void)state;
	assert_true(options.read_only && options.allow_other && options.default_permissions && options.noromfs);
	assert_true(options.nointerrupt && options.restart && options.noreconnect && options.settime);
	assert_int_equal(options.uid, 7);
	assert_int_equal(options.gid, 8);
	assert_int_equal(options.umask, 077);
	assert_string_equal(options.fsname, "x");
	assert_string_equal(options.root, "/flash/lib");
	assert_int_equal(options.device_options.baud, 921600);
	assert_int_equal(options.device_options.dtr, DEVICE_SIGNAL_ON);
	assert_int_equal(options.device_options.rts, DEVICE_SIGNAL_KEEP);
	assert_int_equal(options.device_options.timeout_us, 2500000);
	assert_int_equal(options.reconnect_us, 30000000);
	assert_true(options.attr_timeout == 0);
	options_free(&options);
}

static void later_words_win(void **state)
{
	struct options options = good("mpremotefs -o ro,fsname=a,root=/a -o rw,fsname=b,root=/ a0 /mnt");

	(void)state;
	assert_false(options.read_only);
	assert_string_equal(options.fsname, "b");
	assert_string_equal(options.root, "/");
	options_free(&options);
}

static void commas_can_be_escaped(void **state)
{
	struct options options = good("mpremotefs -o fsname=a\\,b\\\\c\\d,ro a0 /mnt");

	(void)state;
	assert_string_equal(options.fsname, "a,b\\c\\d");
	assert_true(options.read_only);
	options_free(&options);
}

static void users_and_groups_have_names(void **state)
{
	struct options options = good("mpremotefs -o uid=root,gid=root a0 /mnt");

	(void)state;
	assert_int_equal(options.uid, 0);
	assert_int_equal(options.gid, 0);
	options_free(&options);
}

static void fstab_words_are_ignored(void **state)
{
	struct options options = good("mount.mpremote a0 /mnt -o rw,noauto,user,nofail,_netdev,defaults,x-systemd.automount,"
				      "x-systemd.requires=/dev/ttyACM0,comment=hello,user=joe,X-mount.mkdir,relatime,,umask=0");

	(void)state;
	assert_true(options.helper);
	assert_int_equal(options.umask, 0);
	assert_null(options.kernel_flags);
	options_free(&options);
	options = good("mpremotefs a0 /mnt -o nofail,nosuid,noexec,noatime");
	assert_string_equal(options.kernel_flags, "nosuid,noexec,noatime");
	options_free(&options);
}

static void the_helper_has_letters_of_its_own(void **state)
{
	struct options options = good("/sbin/mount.mpremote a0 /mnt -fnv -t mpremote -o ro");

	(void)state;
	assert_true(options.helper && options.fake && options.verbose && options.read_only);
	assert_false(options.foreground);
	options_free(&options);
	options = good("/sbin/mount.mpremote a0 /mnt -o nonsense,ro -s");
	assert_true(options.read_only);
	options_free(&options);
	expect_refused("mount.mpremote a0 /mnt -d", "-d");
	expect_refused("mount.mpremote a0 /mnt -N 7", "-N");
	expect_refused("mount.mpremote a0 /mnt -o nonsense", "nonsense");
	expect_refused("mount.mpremote a0 /mnt -s -o baud=x", "baud=x");
}

static void wrong_lines_are_named(void **state)
{
	static const struct {
		const char *line, *part;
	} lines[] = {
		{"mpremotefs", "DEVICE"},
		{"mpremotefs a0", "MOUNTPOINT"},
		{"mpremotefs a0 /mnt /other", "/other"},
		{"mpremotefs -x a0 /mnt", "-x"},
		{"mpremotefs --frob a0 /mnt", "--frob"},
		{"mpremotefs a0 /mnt -o", "-o"},
		{"mpremotefs -o nonsense a0 /mnt", "nonsense"},
		{"mpremotefs -o nonsense=5 a0 /mnt", "nonsense"},
		{"mpremotefs -o remount a0 /mnt", "remount"},
		{"mpremotefs -o ro=yes a0 /mnt", "ro=yes"},
		{"mpremotefs -o umask a0 /mnt", "umask"},
		{"mpremotefs -s a0 /mnt", "-s"},
		{"mpremotefs --json a0 /mnt", "--json"},
		{"mpremotefs --list a0", "a0"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		expect_refused(lines[i].line, lines[i].part);
}

static void wrong_values_are_named(void **state)
{
	static const char *const values[] = {
		"uid=-1",         "uid=nobody-has-this-name",
		"uid=4294967295", "gid=",
		"gid=1x",         "umask=8",
		"umask=1000",     "umask=-1",
		"umask=",         "baud=0",
		"baud=299",       "baud=1200",
		"baud=99999999",  "baud=115200x",
		"baud=+5",        "dtr=yes",
		"rts=",           "timeout=0",
		"timeout=0.05",   "timeout=3601",
		"timeout=1e3",    "timeout=1.2.3",
		"timeout=.",      "timeout=-1",
		"timeout=nan",    "attr_timeout=86401",
		"attr_timeout=",  "root=",
		"root=..",        "root=/a/../b",
		"root=/a/.",      "root=./a",
		"reconnect=",     "reconnect=86401",
		"reconnect=-1",
	};
	char line[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		snprintf(line, sizeof(line), "mpremotefs -o %s a0 /mnt", values[i]);
		expect_refused(line, values[i]);
	}
}

static void limits_are_allowed(void **state)
{
	static const char *const values[] = {
		"uid=0",      "uid=4294967294", "umask=777",          "umask=0",      "umask=0022",
		"baud=300",   "baud=20000000",  "timeout=0.1",        "timeout=3600", "timeout=.5",
		"timeout=5.", "attr_timeout=0", "attr_timeout=86400", "root=/",       "root=///",
		"root=...",   "reconnect=0",    "reconnect=86400",
	};
	char line[128];
	struct options options;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		snprintf(line, sizeof(line), "mpremotefs -o %s a0 /mnt", values[i]);
		options = good(line);
		options_free(&options);
	}
}

/* Each word that is taken is explained. */
static void help_names_every_option(void **state)
{
	static const char *const words[] = {
		"ro, rw",      "uid=",       "gid=",   "umask=", "allow_other", "default_permissions", "fsname=",     "root=",
		"noromfs",     "baud=",      "dtr=",   "rts=",   " timeout=",   "attr_timeout=",       "nointerrupt", "restart",
		"noreconnect", "settime",    "--list", "--json", "--help",      "--version",           " -f",         " -d",
		" -o",         "reconnect=",
	};
	char *text = NULL;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	options_print_help(out, false);
	fclose(out);
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strstr(text, words[i]))
			fail_msg("--help does not tell of \"%s\"", words[i]);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_of_the_manual),
		cmocka_unit_test(letters_stand_anywhere),
		cmocka_unit_test(commands_are_known),
		cmocka_unit_test(every_option_is_read),
		cmocka_unit_test(later_words_win),
		cmocka_unit_test(commas_can_be_escaped),
		cmocka_unit_test(users_and_groups_have_names),
		cmocka_unit_test(fstab_words_are_ignored),
		cmocka_unit_test(the_helper_has_letters_of_its_own),
		cmocka_unit_test(wrong_lines_are_named),
		cmocka_unit_test(wrong_values_are_named),
		cmocka_unit_test(limits_are_allowed),
		cmocka_unit_test(help_names_every_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
