import { describe, expect, it } from 'vitest'
import { SHF, SHT } from '../elf/definitions.ts'
import type { ElfSection } from '../elf/elf-file.ts'
import { classifySection, type SectionClass } from './section-class.ts'

function section(name: string, flags: bigint, more: Partial<ElfSection> = {}): ElfSection {
  return {
    index: 1,
    name,
    type: SHT.PROGBITS,
    flags,
    address: 0n,
    fileOffset: 0,
    byteLength: 16n,
    bytes: new Uint8Array(16),
    link: 0,
    info: 0,
    alignment: 1n,
    entryBytes: 0n,
    ...more,
  }
}

const { ALLOC, WRITE, EXECINSTR, MERGE, STRINGS } = SHF
const CODE = ALLOC | EXECINSTR
const DATA = ALLOC | WRITE

describe('classifySection()', () => {
  it.each<[string, bigint, SectionClass]>([
    ['.text.do_dm_op', CODE, 'text'],
    ['.text.unlikely.do_dm_op', CODE, 'text'],
    ['.init.text', CODE, 'init-text'],
    ['.altinstr_replacement', CODE, 'attached'],
    ['.bug_frames.3', ALLOC, 'attached'],
    ['.ex_table', ALLOC, 'attached'],
    ['.ex_table.pre', ALLOC, 'boot-table'],
    ['.rodata.table', ALLOC, 'constant'],
    ['.data.rel.ro.local.ops', DATA, 'constant'],
    ['.rodata.one.str1.8', ALLOC | MERGE | STRINGS, 'string'],
    ['.data.read_mostly', DATA, 'data'],
    ['.data.percpu_count', DATA, 'data'],
    ['.data.parameters', DATA, 'data'],
    ['.bss.percpu.read_mostly', DATA, 'per-cpu'],
    ['.data.ro_after_init', DATA, 'ro-after-init'],
    ['.init.data', DATA, 'init-data'],
    ['.init.setup', DATA, 'boot-table'],
    ['.init.rodata.cf_clobber', DATA, 'boot-table'],
    ['.initcall1.init', DATA, 'boot-table'],
    ['.data.schedulers', DATA, 'boot-table'],
    ['.data.vpci.5', DATA, 'boot-table'],
    ['.data.rel.ro.vpci', DATA, 'boot-table'],
    ['.discard', ALLOC, 'ignored'],
    ['.debug_info', 0n, 'ignored'],
    ['.livepatch.hooks.load', DATA, 'hook'],
    ['.strange', DATA, 'unknown'],
    ['.text.startup.main', CODE, 'init-text'],
    ['.text.startup_cpu_idle_loop', CODE, 'text'],
    ['.text.unlikely_path', CODE, 'text'],
    ['.text.hot_page', CODE, 'text'],
    ['.text.exit', CODE, 'ignored'],
    ['.text.exit_idle', CODE, 'text'],
    ['.data.param_list', DATA, 'data'],
    ['.data.schedulers_list', DATA, 'data'],
    ['.bss.percpu_areas', DATA, 'data'],
    ['.data.ro_after_init_list', DATA, 'data'],
    ['.data.rel.local.notify', DATA, 'data'],
    ['.data.rel.rope', DATA, 'data'],
    ['.trampoline_seg', ALLOC, 'boot-table'],
    ['.initcallpresmp.init', DATA, 'boot-table'],
    ['.note.gnu.build-id', ALLOC, 'ignored'],
    ['.data.code', DATA | EXECINSTR, 'unknown'],
    ['.text.data', DATA, 'unknown'],
  ])('takes %s with flags %i for %s', (name, flags, meaning) => {
    expect(classifySection(section(name, flags))).toBe(meaning)
  })

  it('knows a pool of constants by the size of its entries', () => {
    const pool = section('.rodata.cst16', ALLOC | MERGE, { entryBytes: 16n })
    expect(classifySection(pool)).toBe('constant-pool')
  })
})
