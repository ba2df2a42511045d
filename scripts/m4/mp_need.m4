# SPDX-License-Identifier: MIT

# MP_MISSING(LIBRARY, DEBIAN-PACKAGE)
# Ends configure: what is missing and how to get it.
AC_DEFUN([MP_MISSING],
	[AC_MSG_ERROR([$1 is missing.
  On Debian and Ubuntu: apt install $2
  Elsewhere: install its development files; where pkg-config does not find them, set PKG_CONFIG_PATH.])])

# MP_NEED(PREFIX, PKG-CONFIG-CONDITION, DEBIAN-PACKAGE)
# Sets PREFIX_CFLAGS and PREFIX_LIBS.
AC_DEFUN([MP_NEED], [PKG_CHECK_MODULES([$1], [$2], [], [MP_MISSING([$2], [$3])])])
