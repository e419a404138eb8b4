#!/bin/busybox sh
# The init of a lab guest: a heartbeat on the console, twenty lines a second, and nothing else
# unless the kernel's command line asks for it.
#
#   beat N SECONDS.MICROSECONDS      the guest's own clock; N counts from 0
#
# lab.task=msr:0x840,0x900   reads these MSRs once a second and prints, for each,
#   msr 0x840 00000000000000ff       what the read gave, or
#   msr 0x840 refused                that it took a general protection fault
# MSRs 0x800 to 0x8ff exist in x2APIC mode alone, so that task turns the mode on first, and says
#   apic base 00000000fee00d00       the APIC base register as it was left

busybox mount -t proc proc /proc
busybox mount -t sysfs sysfs /sys
busybox mount -t devtmpfs devtmpfs /dev
exec </dev/hvc0 >/dev/hvc0 2>&1
busybox stty -echo -onlcr

# The MSR's number is the offset into the device (Linux, msr(4)).
read_msr() {
  busybox dd if=/dev/cpu/0/msr bs=8 count=1 iflag=skip_bytes skip=$(($1)) 2>/dev/null |
    busybox od -An -tx8 | busybox tr -d ' '
}

# APIC base is MSR 0x1b; bit 10 turns x2APIC mode on (Intel SDM volume 3, "x2APIC Mode").
enter_x2apic() {
  base=$(read_msr 0x1b)
  if [ -n "$base" ] && [ $((0x$base >> 10 & 1)) = 0 ]; then
    value=$((0x$base | 0x400))
    octets=
    for shift in 0 8 16 24 32 40 48 56; do
      octets="$octets\\x$(busybox printf '%02x' $((value >> shift & 255)))"
    done
    busybox printf "$octets" |
      busybox dd of=/dev/cpu/0/msr bs=8 count=1 oflag=seek_bytes seek=$((0x1b)) conv=notrunc 2>/dev/null
  fi
  echo "apic base $(read_msr 0x1b)"
}

report_msrs() {
  insmod /msr.ko
  enter_x2apic
  while :; do
    for number in $(echo "$1" | busybox tr ',' ' '); do
      value=$(read_msr "$number")
      echo "msr $number ${value:-refused}"
    done
    busybox sleep 1
  done
}

for word in $(cat /proc/cmdline); do
  case $word in
  lab.task=msr:*) report_msrs "${word#lab.task=msr:}" & ;;
  lab.task=*) echo "unknown task ${word#lab.task=}" ;;
  esac
done

# Waiting for input that never comes is the pause that needs no process: a fork at each beat would
# measure the guest's memory management, not the hypervisor.
busybox mkfifo /pause
exec 3<>/pause
count=0
while :; do
  echo "beat $count $EPOCHREALTIME"
  count=$((count + 1))
  read -r -t 0.05 _ <&3
done
