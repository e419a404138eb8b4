/** Xen's error numbers, as far as livepatching answers with them (public/errno.h). */
export const XEN_ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  ENOEXEC: 8,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  EINVAL: 22,
  ERANGE: 34,
  ENAMETOOLONG: 36,
  ENOSYS: 38,
  EOVERFLOW: 75,
  EOPNOTSUPP: 95,
  ENOBUFS: 105,
} as const

/** `EINVAL`, or `errno 999` for one that is not listed. `errno` is positive. */
export function xenErrnoName(errno: number): string {
  const found = Object.entries(XEN_ERRNO).find(([, value]) => value === errno)
  return found?.[0] ?? `errno ${errno}`
}
