# SPDX-License-Identifier: MIT
# Where tests/lab/vm gets its kernel; read by it and by scripts/install-deps, after micropython.sh.
kernel_cache=${cache:?}/kernel

# The newest kernel in FOLDER that can be read and has the drivers that are needed. Fails when there is none.
kernel_version() { # FOLDER
	for kernel_image in $(find "$1/boot" -maxdepth 1 -name 'vmlinuz-*' 2>/dev/null | sort -Vr); do
		kernel_found=${kernel_image##*/vmlinuz-}
		[ -r "$kernel_image" ] || continue
		kernel_lacks=''
		for kernel_module in 9p 9pnet_virtio virtio_pci virtio_console overlay fuse xhci_pci ftdi_sio cdc_acm usbmon dummy_hcd g_serial; do
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
