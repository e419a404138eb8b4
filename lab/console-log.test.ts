import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { consoleText, lastLines, waitForConsoleLine, withoutXenLines } from './console-log.ts'

const directory = mkdtempSync(path.join(os.tmpdir(), 'console-log-'))
afterAll(() => rmSync(directory, { recursive: true }))

const file = path.join(directory, 'console.log')
const running = new Promise<string>(() => undefined)

function waitIn(text: string, options: { fromByte?: number; exited?: Promise<string> } = {}) {
  writeFileSync(file, text)
  const shown: string[] = []
  return waitForConsoleLine({
    machine: 'm',
    file,
    fromByte: options.fromByte ?? 0,
    line: 'LAB READY',
    timeoutMs: 1,
    exited: options.exited ?? running,
    progress: (line) => shown.push(line),
  }).then(() => shown)
}

describe('waitForConsoleLine()', () => {
  it('comes back when the line is there', async () => {
    await expect(waitIn('a\nLAB READY\n')).resolves.toEqual([])
  })

  it('finds the line when a message of Xen stands in its middle', async () => {
    await expect(waitIn('LAB RE(XEN) hello\nADY\n')).resolves.toEqual([])
  })

  it("does not take an earlier boot's line", async () => {
    await expect(waitIn('LAB READY\nb\n', { fromByte: 10 })).rejects.toMatchObject({
      code: 'boot-timed-out',
    })
  })

  it("gives the console's last lines when it gives up", async () => {
    await expect(waitIn('first\nPanic on CPU 0\n')).rejects.toThrow('first\nPanic on CPU 0')
  })

  it('says how QEMU ended when it did', async () => {
    const exited = Promise.resolve('signal SIGSEGV')
    await expect(waitIn('a\n', { exited })).rejects.toMatchObject({
      code: 'boot-failed',
      message: expect.stringContaining('SIGSEGV') as string,
    })
  })
})

describe('consoleText()', () => {
  it('is empty while there is no console', () => {
    expect(consoleText(path.join(directory, 'none'))).toBe('')
    expect(consoleText(path.join(directory, 'none'), 7)).toBe('')
  })

  it('begins at the byte that is asked for', () => {
    writeFileSync(file, 'äbc')
    expect(consoleText(file, 2)).toBe('bc')
    expect(consoleText(file, 100)).toBe('')
  })
})

describe('lastLines()', () => {
  it('leaves out blank lines', () => {
    expect(lastLines('a\r\nb\n\n  \nc\n', 2)).toBe('b\nc')
  })
})

describe('withoutXenLines()', () => {
  it("joins what Xen's message tore apart", () => {
    expect(withoutXenLines('one (XEN) x\ntwo\n')).toBe('one two\n')
  })
})
