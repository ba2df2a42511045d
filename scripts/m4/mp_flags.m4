# SPDX-License-Identifier: MIT

# MP_TRY_FLAG(VARIABLE, FLAG...)
# Appends to VARIABLE each FLAG that compiler and linker take without a word.
AC_DEFUN([MP_TRY_FLAG],
	[for mp_flag in $2; do
		AC_MSG_CHECKING([whether $CC takes $mp_flag])
		mp_saved_cflags=$CFLAGS
		CFLAGS="$CFLAGS -Werror $mp_flag"
		AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <stdio.h>]], [[puts("")]])],
			[AC_MSG_RESULT([yes])
			$1="$$1 $mp_flag"],
			[AC_MSG_RESULT([no])])
		CFLAGS=$mp_saved_cflags
	done])

# MP_WARNINGS
# Sets WARNING_CFLAGS.
AC_DEFUN([MP_WARNINGS],
	[WARNING_CFLAGS=
	MP_TRY_FLAG([WARNING_CFLAGS], [-Wall -Wextra -Wformat=2 -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
		-Wold-style-definition -Wmissing-declarations -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef \
		-Wredundant-decls -Wnested-externs -Wvla -Walloca -Wimplicit-fallthrough -Wduplicated-cond \
		-Wduplicated-branches -Wlogical-op -Wnull-dereference -Wdouble-promotion \
		-Wdate-time])
	AS_IF([test "x$enable_werror" = xyes], [WARNING_CFLAGS="$WARNING_CFLAGS -Werror"])
	AC_SUBST([WARNING_CFLAGS])])

# MP_SANITIZERS
# Sets MODE_CFLAGS for a build that watches itself; fails where the compiler cannot.
AC_DEFUN([MP_SANITIZERS],
	[MODE_CFLAGS=
	MP_TRY_FLAG([MODE_CFLAGS], [-fsanitize=address,undefined])
	AS_IF([test "x$MODE_CFLAGS" = x],
		[AC_MSG_ERROR([$CC cannot build with sanitizers; on Debian: apt install gcc libasan8 libubsan1])])
	MP_TRY_FLAG([MODE_CFLAGS], [-fno-sanitize-recover=undefined -fno-omit-frame-pointer])
	AC_SUBST([MODE_CFLAGS])])

# MP_HARDENING
# Sets MODE_CFLAGS and MODE_LDFLAGS for the build that people use.
AC_DEFUN([MP_HARDENING],
	[MODE_CFLAGS=
	MODE_LDFLAGS=
	MP_TRY_FLAG([MODE_CFLAGS], [-fstack-protector-strong -fstack-clash-protection])
	MP_TRY_FLAG([MODE_LDFLAGS], [-Wl,-z,relro -Wl,-z,now])
	AC_MSG_CHECKING([whether _FORTIFY_SOURCE works with these CFLAGS])
	mp_saved_cflags=$CFLAGS
	CFLAGS="$CFLAGS -Werror -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"
	AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <stdio.h>]], [[puts("")]])],
		[AC_MSG_RESULT([yes])
		MODE_CFLAGS="$MODE_CFLAGS -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"],
		[AC_MSG_RESULT([no])])
	CFLAGS=$mp_saved_cflags
	AC_SUBST([MODE_CFLAGS])
	AC_SUBST([MODE_LDFLAGS])])

# MP_FUZZERS
# Adds to MODE_CFLAGS what libFuzzer needs to see; fails where the compiler has none.
AC_DEFUN([MP_FUZZERS],
	[mp_without_fuzzer=$MODE_CFLAGS
	MP_TRY_FLAG([MODE_CFLAGS], [-fsanitize=fuzzer-no-link])
	AS_IF([test "x$MODE_CFLAGS" = "x$mp_without_fuzzer"],
		[AC_MSG_ERROR([$CC has no libFuzzer; on Debian: apt install clang libclang-rt-dev, then configure CC=clang])])])
