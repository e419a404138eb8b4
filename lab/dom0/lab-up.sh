#!/bin/sh
# Brings a lab machine's Dom0 up: Xen's daemons, the network on QEMU's user network, the kit, sshd.
# Its last line on the console, LAB READY, says that all of it answers. The kernel modules were
# loaded from the initramfs.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin
xen=/usr/lib/xen-4.17/bin

complain() { echo "lab: $*" >/dev/console; }

mkdir -p /dev/pts /dev/shm
mount -t devpts -o gid=5,mode=620 devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/xen /run/lock /run/sshd /var/log/xen/console /var/lib/xen /var/cache/reweave
hostname "$(cat /etc/hostname)"
mount -t xenfs xenfs /proc/xen || complain 'not on Xen: no /proc/xen'

# The network does not depend on Xen's daemons, so it comes up beside them.
{
  ip link set lo up
  ip address add 10.0.2.15/24 dev eth0
  ip link set eth0 up
  ip route add default via 10.0.2.2
} &
{
  if kit=$(busybox findfs LABEL=reweave-kit 2>/dev/null); then
    mount -t ext4 -o ro "$kit" /opt/reweave || complain "cannot mount the kit from $kit"
  fi
} &

xenstored --pid-file /run/xenstored.pid || complain 'xenstored did not start'
"$xen/xen-init-dom0" >/dev/null || complain 'xen-init-dom0 failed'
"$xen/xenconsoled" --log=guest --pid-file=/run/xenconsoled.pid || complain 'xenconsoled did not start'
wait
# Goes into the background by itself, once it listens.
/usr/sbin/sshd || complain 'sshd did not start'
echo 'LAB READY' >/dev/console
