/* SPDX-License-Identifier: MIT */
/* libfuse: the version of libfuse's interface that we speak, in one place. Instead of <fuse_lowlevel.h>. */
#ifndef FUSE_LIBFUSE_H
#define FUSE_LIBFUSE_H

#define FUSE_USE_VERSION 312
#include <fuse_lowlevel.h>

#endif
