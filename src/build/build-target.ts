/** What a build must match: what the base image says of its own making. */
export interface BuildTarget {
  /** `4.17`: Xen's version and subversion. Undefined where the image does not say. */
  readonly version: string | undefined
  /** The distribution's package, such as `4.17.5+72-g01140da4e8-1`. */
  readonly packageVersion: string | undefined
  /** The compiler's own first line: `gcc (Debian 12.2.0-14+deb12u1) 12.2.0`. */
  readonly compiler: string | undefined
}
