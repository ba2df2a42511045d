#!/bin/sh
# SPDX-License-Identifier: MIT
# The first process of the machine that tests/lab/vm starts: puts the file systems together, then becomes systemd.
set -eu

first_line() { # FILE
	read -r line <"$1" || :
	echo "$line"
}

value() { # NAME: what the kernel's command line has for it
	for word in $(first_line /proc/cmdline); do
		case $word in "$1"=*) echo "${word#*=}" ;; esac
	done
}

mkdir -p /proc /sys /dev /lower /rw /new
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
modprobe -a virtio_pci 9pnet_virtio 9p overlay

# This computer's files with an overlay on top; the folder that both can write.
folder=$(value vm.folder) kernel=$(value vm.kernel) version=$(first_line /proc/sys/kernel/osrelease)
nine=trans=virtio,version=9p2000.L,msize=262144
mount -t 9p -o $nine,ro,cache=loose host /lower
mount -t tmpfs none /rw
mkdir /rw/upper /rw/work
mount -t overlay -o lowerdir=/lower,upperdir=/rw/upper,workdir=/rw/work none /new
mount -t tmpfs -o mode=755 none /new/run
mount -t 9p -o $nine,cache=none folder "/new$folder"
if [ "$kernel" != / ]; then
	mkdir -p "/new/lib/modules/$version"
	mount --bind "/new$kernel/lib/modules/$version" "/new/lib/modules/$version"
fi

# Nothing that this computer mounts, starts or is is to be so in the machine.
: >/new/etc/fstab
echo 0123456789abcdef0123456789abcdef >/new/etc/machine-id
chroot /new rm -f /.dockerenv # systemd would take the machine for a container
# systemd sees only these of its units: starting all of sysinit.target takes minutes without a real processor.
mkdir -p /new/run/systemd/system /new/run/vm/generators
for unit in basic.target local-fs.target local-fs-pre.target shutdown.target sockets.target sysinit.target umount.target \
	systemd-journald.service systemd-journald.socket systemd-journald-dev-log.socket \
	systemd-udevd.service systemd-udevd-control.socket systemd-udevd-kernel.socket; do
	ln -s "/lib/systemd/system/$unit" /new/run/vm/
done
ln -s /lib/systemd/system-generators/systemd-fstab-generator /new/run/vm/generators/
export SYSTEMD_UNIT_PATH=/run/systemd/system:/run/systemd/generator:/run/vm
export SYSTEMD_GENERATOR_PATH=/run/vm/generators SYSTEMD_ENVIRONMENT_GENERATOR_PATH=/run/vm/none
echo "[Unit]
DefaultDependencies=no
Wants=systemd-udevd.service systemd-journald.socket systemd-journald-dev-log.socket
After=systemd-udevd.service systemd-journald.socket systemd-journald-dev-log.socket
SuccessAction=poweroff-force
FailureAction=poweroff-force
[Service]
Type=oneshot
TimeoutStartSec=infinity
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS1
ExecStartPre=-modprobe -a fuse autofs4
ExecStartPre=udevadm trigger --action=add --settle --subsystem-match=pci --subsystem-match=tty --subsystem-match=virtio
ExecStart=sh $folder/vm.job" >/new/run/systemd/system/vm.service
exec switch_root /new /lib/systemd/systemd --unit=vm.service
