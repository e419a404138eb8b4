#!/bin/busybox sh
# Brings a lab machine's Dom0 up: Xen's daemons, the network on QEMU's user network, the kit, sshd.
# Its last line on the console, LAB READY, says that all of it answers. The kernel modules were
# loaded from the initramfs. Run by busybox, whose applets need no other program to be loaded.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin
xen=/usr/lib/xen-4.17/bin

complain() { echo "lab: $*" >/dev/console; }

mkdir -p /dev/pts /dev/shm
mount -t devpts -o gid=5,mode=620 devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/xen /run/lock /run/sshd /var/log/xen/console /var/lib/xen /var/cache/reweave
hostname dom0
mount -t xenfs xenfs /proc/xen || complain 'not on Xen: no /proc/xen'

# None of these depends on another.
{
  ifconfig lo 127.0.0.1
  ifconfig eth0 10.0.2.15 netmask 255.255.255.0
  route add default gw 10.0.2.2
} &
{
  if kit=$(findfs LABEL=reweave-kit 2>/dev/null); then
    mount -t ext4 -o ro "$kit" /opt/reweave || complain "cannot mount the kit from $kit"
  fi
} &
# Goes into the background by itself, once it listens.
{ /usr/sbin/sshd || complain 'sshd did not start'; } &

xenstored --pid-file /run/xenstored.pid || complain 'xenstored did not start'
"$xen/xen-init-dom0" >/dev/null || complain 'xen-init-dom0 failed'
"$xen/xenconsoled" --log=guest --pid-file=/run/xenconsoled.pid || complain 'xenconsoled did not start'
wait
echo 'LAB READY' >/dev/console
