import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    reporters: ['default', './tools/counting-reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          globalSetup: ['./test/testing/prepare-compiler.ts'],
          include: [
            'src/**/*.test.ts',
            'lab/**/*.test.ts',
            'demo/**/*.test.ts',
            'trial/**/*.test.ts',
            'bench/**/*.test.ts',
            'test/*.test.ts',
          ],
          pool: 'forks',
          testTimeout: 60_000,
        },
      },
      {
        test: {
          // Real Xen machines. One file at a time: two cores emulate two CPUs.
          name: 'machine',
          globalSetup: ['./test/machine/testing/prepare-lab.ts'],
          include: ['test/machine/**/*.test.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 1_200_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
