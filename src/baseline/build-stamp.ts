/**
 * The objects of Xen that are compiled with when, where, by whom and as what version it is built:
 * those whose sources include the generated xen/compile.h (Xen 4.17: common/version.c and
 * common/efi/boot.c, of which the second is compiled as arch/x86/efi/boot.o).
 */
const STAMPED_OBJECT = /(^|\/)(common\/version|efi\/boot)(\.init)?\.o$/

/**
 * Whether texts of the object may differ between two builds of one source.
 *
 * They say nothing of the code, which is compared all the same.
 */
export function isBuildStamped(object: string): boolean {
  return STAMPED_OBJECT.test(object)
}
