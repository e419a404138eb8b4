/**
 * The source files of Xen that compile in when, where, by whom and as what version it was built:
 * those that include the generated xen/compile.h (Xen 4.17: common/version.c and common/efi/boot.c,
 * which arch/x86/efi/boot.c includes).
 *
 * A text that differs there says nothing of the code, which is compared all the same.
 */
const STAMPED_FILES: readonly string[] = ['common/version.c', 'efi/boot.c']

/** Whether texts of this source file may differ between two builds of one source. */
export function isBuildStamped(file: string | undefined): boolean {
  return (
    file !== undefined &&
    STAMPED_FILES.some((stamped) => file === stamped || file.endsWith(`/${stamped}`))
  )
}
