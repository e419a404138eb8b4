#!/bin/busybox sh
# Dom0's first process: loads the lab's kernel modules from memory, finds the root disk by its
# label and hands over to it.

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev

# In the order that satisfies their dependencies; made when the image was built.
while read -r module; do
  insmod "/modules/$module" || echo "lab: cannot load $module"
done </modules/order

tries=0
until disk=$(findfs LABEL=reweave-dom0 2>/dev/null); do
  tries=$((tries + 1))
  [ "$tries" -lt 300 ] || { echo "lab: no disk has the label reweave-dom0" && exec sh; }
  sleep 0.1
done
mount -t ext4 -o noatime "$disk" /root || { echo "lab: cannot mount $disk" && exec sh; }
for place in proc sys dev; do mount -o move "/$place" "/root/$place"; done
exec switch_root /root /bin/busybox init
