# SPDX-License-Identifier: MIT
# Everything below FUSE, in one library that the programs and the tests link.

noinst_LIBRARIES += libmpremotefs.a

# For programs that link the library.
LIBMPREMOTEFS_LIBS = libmpremotefs.a $(SERIALPORT_LIBS) $(ZLIB_LIBS)

libmpremotefs_a_SOURCES = \
	src/base/diag.c \
	src/base/diag.h
