import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { physicalCapabilities } from './sysctl.ts'

/** `xen_sysctl_physinfo` up to Xen 4.9, and from 4.10, as far as its capabilities. */
const PROGRAM = `
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
typedef uint64_t wide __attribute__((aligned(8)));
struct before { uint32_t counts[6], cpu_khz; wide total, free, scrub, outstanding;
  uint32_t hw_cap[8]; uint32_t capabilities; };
struct since { uint32_t counts[6], cpu_khz, capabilities; wide total; };
int main(void) {
  printf("%zu %zu", offsetof(struct before, capabilities), offsetof(struct since, capabilities));
  return 0;
}
`

it('physicalCapabilities() tells where C puts them before and since Xen 4.10', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'sysctl-'))
  const source = path.join(folder, 'physinfo.c')
  writeFileSync(source, PROGRAM)
  execFileSync('gcc', ['-o', path.join(folder, 'physinfo'), source])
  const offsets = execFileSync(path.join(folder, 'physinfo'), { encoding: 'utf8' })
  rmSync(folder, { recursive: true })
  const found = [0xf, 0x10].map((version) => physicalCapabilities(version).at)
  expect(found.join(' ')).toBe(offsets)
})
