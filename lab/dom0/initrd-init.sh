#!/bin/busybox sh
# Dom0's first process: loads the lab's kernel modules from memory, finds the root disk by its
# label and hands over to it.

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev

# Reading makes the kernel gather randomness now, beside the rest; sshd would wait for it later.
dd if=/dev/random of=/dev/null bs=1 count=1 2>/dev/null &

# The orders, made with the image, satisfy all dependencies.
load() {
  while read -r module; do
    insmod "/modules/$module" || echo "lab: cannot load $module"
  done <"/modules/$1"
}
load first
load for-lab &
for_lab=$!
load for-root

tries=0
until disk=$(findfs LABEL=reweave-dom0 2>/dev/null); do
  tries=$((tries + 1))
  [ "$tries" -lt 600 ] || { echo 'lab: no disk has the label reweave-dom0' && exec sh; }
  sleep 0.05
done
mount -t ext4 -o noatime "$disk" /root || { echo "lab: cannot mount $disk" && exec sh; }
wait "$for_lab"
for place in proc sys dev; do mount -o move "/$place" "/root/$place"; done
exec switch_root /root /bin/busybox init
