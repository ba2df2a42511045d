# SPDX-License-Identifier: MIT
# mpremote-share.

bin_PROGRAMS += mpremote-share

mpremote_share_LDADD = $(LIBMPREMOTEFS_LIBS)
mpremote_share_SOURCES = src/share/main.c
