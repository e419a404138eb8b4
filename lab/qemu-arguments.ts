import type { Iommu, MachineOptions } from './machine-options.ts'
import type { LabParts } from './parts.ts'

/** The files and sockets that QEMU is told of. */
export interface QemuFiles {
  readonly disk: string
  readonly namespace: string
  readonly ramFile: string
  readonly console: string
  readonly qmpSocket: string
  /** Dom0's kernel and initramfs under paths without blanks (see `multibootModules`). */
  readonly kernel: string
  readonly initrd: string
}

/** Bytes of the NVMe controller's namespace. */
export const NAMESPACE_BYTES = 16 * 1024 * 1024

/** The command line that boots one lab machine. */
// The processor is spelled out: `-cpu max` makes Dom0 crash early on QEMU 7.2, and plain `qemu64`
// lacks what PVH guests need (`Xen` asks for SVM with nested paging).
export function qemuArguments(
  parts: LabParts,
  options: MachineOptions,
  files: QemuFiles,
): readonly string[] {
  return [
    ['-accel', 'tcg,thread=multi', '-cpu', processor(options), '-smp', '2'],
    ['-m', String(options.memoryMb), '-object', ram(options, files.ramFile)],
    machine(options.iommu),
    ['-display', 'none', '-no-reboot', '-nodefaults', '-no-user-config'],
    ['-chardev', `file,id=console,path=${value(files.console)},append=on`],
    ['-serial', 'chardev:console'],
    ['-qmp', `unix:${value(files.qmpSocket)},server=on,wait=off`],
    ['-kernel', parts.hypervisor.multiboot, '-append', xenCommandLine(options)],
    ['-initrd', multibootModules(parts, options, files)],
    ['-drive', `file=${value(files.disk)},format=qcow2,if=ide,index=0`],
    ['-drive', `file=${value(parts.kitDisk)},format=raw,if=none,id=kit,readonly=on`],
    ['-device', 'virtio-blk-pci,drive=kit'],
    // Port 0: the kernel picks a free one, and QMP tells which.
    ['-netdev', 'user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:0-:22'],
    ['-device', 'e1000,netdev=net'],
    options.engines.includes('nvme') ? nvme(files.namespace) : [],
    // By default the device masks addresses to 28 bits, and so reaches the wrong memory.
    options.engines.includes('edu') ? ['-device', `edu,dma_mask=${addressMask(options)}`] : [],
  ].flat()
}

function addressMask({ eduAddressBits }: MachineOptions): string {
  return `0x${((1n << BigInt(eduAddressBits)) - 1n).toString(16)}`
}

/** The chipset: each has its own hole below 4 GiB (see machine-ram.ts). */
export function chipsetOf(iommu: Iommu): 'pc' | 'q35' {
  return iommu === 'none' ? 'pc' : 'q35'
}

function processor(options: MachineOptions): string {
  const common = '+lahf_lm,+sse4.1,+sse4.2,+popcnt,+ssse3,+cx16'
  return options.cpuVendor === 'amd'
    ? `qemu64,+svm,+npt,${common}`
    : `qemu64,-svm,vendor=GenuineIntel,${common}`
}

function ram(options: MachineOptions, file: string): string {
  return `memory-backend-file,id=ram,size=${options.memoryMb}M,mem-path=${value(file)},share=on`
}

function machine(iommu: Iommu): readonly string[] {
  switch (iommu) {
    case 'none':
      return ['-machine', 'pc,memory-backend=ram']
    case 'intel':
      // Interrupt remapping needs the interrupt controllers in user space, also under emulation.
      return [
        ['-machine', 'q35,kernel-irqchip=off,memory-backend=ram'],
        ['-device', 'intel-iommu'],
      ].flat()
    case 'amd':
      return ['-machine', 'q35,memory-backend=ram', '-device', 'amd-iommu']
  }
}

function xenCommandLine(options: MachineOptions): string {
  // The room above Dom0's memory is for the frames that it asks for by increase_reservation.
  const dom0Memory = `${options.dom0MemoryMb}M,max:${options.dom0MemoryMb + 128}M`
  return [
    'console=com1 com1=115200',
    `dom0_mem=${dom0Memory}`,
    'loglvl=all guest_loglvl=all',
    // A crash stays on the console instead of starting over.
    'noreboot',
    ...options.xenOptions,
  ].join(' ')
}

// QEMU splits this at commas into modules, and each at its first blank into file and arguments. A
// doubled comma is a comma.
function multibootModules(parts: LabParts, options: MachineOptions, files: QemuFiles): string {
  const kernel = [files.kernel, parts.dom0.commandLine, ...options.dom0Options].join(' ')
  return `${value(kernel)},${value(files.initrd)}`
}

function nvme(namespace: string): readonly string[] {
  return [
    ['-drive', `file=${value(namespace)},format=raw,if=none,id=namespace`],
    ['-device', 'nvme,drive=namespace,serial=reweave'],
  ].flat()
}

/** A value inside one of QEMU's comma-separated options. */
function value(text: string): string {
  return text.replaceAll(',', ',,')
}
