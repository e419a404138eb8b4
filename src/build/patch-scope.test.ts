import { describe, expect, it } from 'vitest'
import { scopeOf } from './patch-scope.ts'

describe('scopeOf()', () => {
  it.each([
    ['xen/common/dm.c', 'hypervisor'],
    ['xen/arch/x86/entry.S', 'hypervisor'],
    ['xen/arch/x86/hvm/Makefile', 'hypervisor'],
    ['xen/drivers/char/ns16550.c', 'hypervisor'],
    ['xen/drivers/passthrough/amd/iommu_init.c', 'hypervisor'],
    ['xen/include/public/xen.h', 'hypervisor'],
    ['xen/include/xlat.lst', 'hypervisor'],
    ['xen/arch/arm/mm.c', 'elsewhere'],
    ['xen/drivers/passthrough/arm/smmu.c', 'elsewhere'],
    ['xen/include/public/arch-arm.h', 'elsewhere'],
    ['xen/include/asm-arm/mm.h', 'elsewhere'],
    ['docs/misc/xen-command-line.pandoc', 'elsewhere'],
    ['CHANGELOG.md', 'elsewhere'],
    ['tools/tests/cpu-policy/test-cpu-policy.c', 'elsewhere'],
    ['tools/libs/ctrl/xc_domain.c', 'tool'],
    ['tools/firmware/hvmloader/util.c', 'tool'],
    ['xen/Makefile', 'build'],
    ['xen/arch/x86/Kconfig', 'build'],
    ['xen/Kconfig.debug', 'build'],
    ['xen/arch/x86/xen.lds.S', 'build'],
    ['xen/tools/symbols.c', 'build'],
    ['Config.mk', 'build'],
    ['.gitlab-ci.yml', 'elsewhere'],
    ['MAINTAINERS', 'elsewhere'],
    ['common/dm.c', 'unknown'],
    ['xen-4.17/xen/common/dm.c', 'unknown'],
    ['dm.c', 'unknown'],
  ])('takes %s for %s', (path, scope) => {
    expect(scopeOf(path)).toBe(scope)
  })
})
