# SPDX-License-Identifier: MIT
# Where tests/lab/vm gets its kernel; read by it and by scripts/install-deps, after micropython.sh.
kernel_cache=${cache:?}/kernel
kernel_modules_first="virtio_pci 9pnet_virtio 9p overlay" # what the machine needs to reach this computer's files
kernel_modules="$kernel_modules_first virtio_console fuse autofs4 xhci_pci ftdi_sio cdc_acm usbmon dummy_hcd g_serial usb_f_acm"

# The newest kernel in FOLDER that can be read and has the modules that are needed. Fails when there is none.
kernel_version() { # FOLDER
	for kernel_image in $(find "$1/boot" -maxdepth 1 -name 'vmlinuz-*' 2>/dev/null | sort -Vr); do
		kernel_found=${kernel_image##*/vmlinuz-}
		[ -r "$kernel_image" ] || continue
		kernel_lacks=''
		for kernel_module in $kernel_modules; do
			modprobe -d "$1" -S "$kernel_found" -D "$kernel_module" >/dev/null 2>&1 || kernel_lacks=$kernel_module
		done
		[ -n "$kernel_lacks" ] || { echo "$kernel_found" && return; }
	done
	return 1
}

# The folder whose boot/ and lib/modules/ have a kernel for the machine: what install-deps has made, or /.
kernel_folder() {
	for kernel_place in ${MPREMOTEFS_KERNEL:+"$MPREMOTEFS_KERNEL"} "$kernel_cache" /; do
		kernel_version "$kernel_place" >/dev/null && echo "$kernel_place" && return
	done
	return 1
}

# Copies MODULEs of FROM/lib/modules/VERSION, with those that they need, to TO. They are unpacked: what loads them may not be able to.
copy_modules() { # FROM VERSION TO MODULE...
	modules_from=$1 modules_version=$2 modules_to=$3/lib/modules/$2
	shift 3
	mkdir -p "$modules_to"
	for module; do
		modprobe -d "$modules_from" -S "$modules_version" -D "$module" || return
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
		copy=$modules_to/${file#*/modules/"$modules_version"/}
		mkdir -p "$(dirname "$copy")"
		case $file in
		*.xz) xz -dc "$file" >"${copy%.xz}" ;;
		*.zst) zstd -dcq "$file" >"${copy%.zst}" ;;
		*) cp "$file" "$copy" ;;
		esac
	done
	cp "$modules_from/lib/modules/$modules_version"/modules.builtin* "$modules_from/lib/modules/$modules_version/modules.order" \
		"$modules_to/"
	depmod -b "${modules_to%/lib/modules/*}" "$modules_version"
}
