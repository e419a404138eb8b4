/**
 * How Debian builds its hypervisor, without running its packaging.
 *
 * Read from `debian/rules` of xen 4.17 (make_args_common, make_args_xen, XEN_BUILD_DATE) and from
 * Debian's change to `xen/include/xen/compile.h.in`, which puts maintainer and version into the
 * image. The prefix maps there, for paths, are given by whoever knows the build's directory.
 *
 * @module
 */

/** What the package's own files say. */
export interface DebianPackaging {
  /** `4.17.5+72-g01140da4e8-1` */
  readonly version: string
  /** `Debian Xen Team <…@…>`, from `debian/control`. */
  readonly maintainer: string
  /** Seconds since 1970, from the newest entry of `debian/changelog`. */
  readonly timestamp: number
}

export interface MakeVariables {
  readonly make: Readonly<Record<string, string>>
  readonly environment: Readonly<Record<string, string>>
}

/** For amd64, on amd64. */
export function debianMakeVariables(packaging: DebianPackaging): MakeVariables {
  const built = new Date(packaging.timestamp * 1000)
  return {
    make: {
      CC: 'x86_64-linux-gnu-gcc',
      LD: 'x86_64-linux-gnu-ld',
      XEN_COMPILE_ARCH: 'x86_64',
      XEN_TARGET_ARCH: 'x86_64',
      XEN_BUILD_DATE: posixDate(built),
      XEN_BUILD_TIME: built.toISOString().slice(11, 19),
    },
    environment: {
      SOURCE_DATE_EPOCH: String(packaging.timestamp),
      DEB_VERSION: packaging.version,
      DEB_MAINTAINER: packaging.maintainer,
    },
  }
}

/** As `LC_ALL=C date -u` writes it: `Sat Nov 29 13:52:25 UTC 2025`, the day padded with a blank. */
function posixDate(date: Date): string {
  const [weekday = '', day = '', month = '', year = '', time = ''] = date
    .toUTCString()
    .replace(',', '')
    .split(' ')
  return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${time} UTC ${year}`
}
