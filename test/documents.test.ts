import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = path.resolve(import.meta.dirname, '..')

const pages = globSync(['*.md', 'docs/**/*.md', 'lab/**/*.md', 'bench/**/*.md'], {
  cwd: ROOT,
}).sort()

function read(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8')
}

/** A page without its fenced blocks, where nothing is a link. */
function proseOf(page: string): string {
  return read(page).replaceAll(/^```[\s\S]*?^```/gm, '')
}

/** Where the page's relative links lead, from the checkout's root. */
function linksOf(page: string): readonly string[] {
  return [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1] ?? '')
    .filter((target) => !/^(?:[a-z]+:|#)/.test(target))
    .map((target) => path.join(path.dirname(page), target.replace(/#.*/, '')))
}

/** Everything in backticks that is a path of this checkout. A `*` stands for some file. */
function pathsIn(page: string): readonly string[] {
  return [
    ...proseOf(page).matchAll(/`((?:src|lab|demo|trial|bench|test|tools|fixes|docs)\/[\w./*-]+)`/g),
  ].map((match) => match[1] ?? '')
}

function exists(file: string): boolean {
  return file.includes('*')
    ? globSync(file, { cwd: ROOT }).length > 0
    : existsSync(path.join(ROOT, file))
}

/** The lines of ARCHITECTURE.md's diagram, from the top; each with the folders that it names. */
const layers = (/^```layers\n([\s\S]*?)^```/m.exec(read('ARCHITECTURE.md'))?.[1] ?? '')
  .split('\n')
  .flatMap((line) => {
    const names = /^[a-z0-9]+(?: {1,2}[a-z0-9]+)*/.exec(line)?.[0]
    return names === undefined ? [] : [names.split(/ +/)]
  })

function layerOf(folder: string): number {
  return layers.findIndex((names) => names.includes(folder))
}

function folderOf(file: string): string {
  const [first = '', second = ''] = file.split('/')
  return first === 'src' ? second : first
}

describe('the documents', () => {
  it('are found where this test looks for them', () => {
    for (const page of ['README.md', 'ARCHITECTURE.md', 'docs/fixes/xsa-506.md']) {
      expect(pages).toContain(page)
    }
    expect(linksOf('README.md')).toContain('ARCHITECTURE.md')
    expect(pathsIn('ARCHITECTURE.md')).toContain('src/splice/plan-fix.ts')
  })

  it.each(pages)('%s links to nothing that is missing', (page) => {
    expect(linksOf(page).filter((target) => !exists(target))).toEqual([])
  })

  it.each(pages)('%s names no file of the checkout that is missing', (page) => {
    expect(pathsIn(page).filter((file) => !exists(file))).toEqual([])
  })
})

describe('README.md', () => {
  it('gives two commands to begin with, and package.json has both', () => {
    const scripts = Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts)
    const blocks = [...read('README.md').matchAll(/^```sh\nnpm (?:run )?(\w+)\n```/gm)]
    const commands = blocks.map((match) => match[1])
    expect(commands).toEqual(['demo', 'test'])
    expect(scripts).toEqual(expect.arrayContaining(commands))
  })
})

describe('ARCHITECTURE.md', () => {
  it('has every folder of src/ in its diagram, once, and none that is missing', () => {
    const folders = readdirSync(path.join(ROOT, 'src'))
    expect(layers.flat().sort()).toEqual([...folders, 'demo', 'lab', 'trial'].sort())
  })

  it('draws its layers so that every import goes to a line below', () => {
    const sources = globSync(['src/**/*.ts', 'lab/**/*.ts', 'demo/**/*.ts', 'trial/**/*.ts'], {
      cwd: ROOT,
    }).filter((file) => !file.endsWith('.test.ts') && !file.includes('/testing/'))
    const upwards = sources.flatMap((file) =>
      [...read(file).matchAll(/(?:from|import\() ?'(\.[^']+)'/g)]
        .map((match) => path.join(path.dirname(file), match[1] ?? ''))
        .filter((target) => folderOf(target) !== folderOf(file))
        .filter((target) => !(layerOf(folderOf(target)) > layerOf(folderOf(file))))
        .map((target) => `${file} imports ${target}`),
    )
    expect(sources.length).toBeGreaterThan(100)
    expect(upwards).toEqual([])
  })
})
