# SPDX-License-Identifier: MIT
# mpremote-share.

bin_PROGRAMS += mpremote-share

mpremote_share_LDADD = $(LIBMPREMOTEFS_LIBS)
mpremote_share_SOURCES = src/share/main.c

dist_bashcompletion_DATA += scripts/completion/mpremote-share
dist_man_MANS += src/share/mpremote-share.1
