const CODES = [
  'machine-exists',
  'machine-unknown',
  'machine-not-running',
  'machine-not-kept',
  'machine-unreachable',
  'boot-failed',
  'boot-timed-out',
  'command-failed',
  'command-timed-out',
  'guest-failed',
  'guest-timed-out',
  'keeper-failed',
  'qemu-failed',
  'program-missing',
] as const

export type LabErrorCode = (typeof CODES)[number]

/** Something in the lab broke; `code` says what, for programs. */
export class LabError extends Error {
  readonly code: LabErrorCode

  constructor(code: LabErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'LabError'
    this.code = code
  }
}

/** The code that another process told; a failure that has none is the keeper's. */
export function labErrorCode(told: string): LabErrorCode {
  return CODES.find((code) => code === told) ?? 'keeper-failed'
}
