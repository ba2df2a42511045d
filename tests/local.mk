# SPDX-License-Identifier: MIT
# Unit tests are cmocka programs, one for each file of src/ and fuse/; system tests are scripts that tests/system/run starts, each
# on a board and a mount point of its own. A new one is one line here.

UNIT_TESTS = \
	tests/unit/test_diag \
	tests/unit/test_frame

SYSTEM_TESTS =

# What a test links that says nothing else. One with more sources than its own: tests_unit_test_X_SOURCES = ...
LDADD = $(LIBMPREMOTEFS_LIBS) $(CMOCKA_LIBS)

tests_unit_test_frame_SOURCES = tests/unit/test_frame.c tests/unit/dice.h

EXTRA_DIST += $(SYSTEM_TESTS)

if HAVE_TESTS
check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS) $(SYSTEM_TESTS)
else
check-local:
	@echo 'The tests need cmocka: install it (Debian: libcmocka-dev) and run configure again, without --disable-tests.' >&2
	@false
endif

TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = $(srcdir)/tests/system/run

# A finding of a sanitizer must fail its test.
AM_TESTS_ENVIRONMENT = \
	UBSAN_OPTIONS=print_stacktrace=1; export UBSAN_OPTIONS; \
	top_srcdir='$(abs_top_srcdir)'; export top_srcdir; \
	top_builddir='$(abs_top_builddir)'; export top_builddir;
