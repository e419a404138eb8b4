/** Something in the lab broke; `code` says what, for programs. */
export class LabError extends Error {
  readonly code: LabErrorCode

  constructor(code: LabErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'LabError'
    this.code = code
  }
}

export type LabErrorCode =
  | 'machine-exists'
  | 'machine-unknown'
  | 'machine-not-running'
  | 'machine-not-kept'
  | 'machine-unreachable'
  | 'boot-failed'
  | 'boot-timed-out'
  | 'command-failed'
  | 'command-timed-out'
  | 'guest-failed'
  | 'guest-timed-out'
  | 'keeper-failed'
  | 'qemu-failed'
  | 'program-missing'
