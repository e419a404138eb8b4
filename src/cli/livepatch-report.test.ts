import { describe, expect, it } from 'vitest'
import { readXenAnswer } from '../channel/livepatch-answer.ts'
import type { ShownLivepatches } from '../channel/livepatch-channel.ts'
import { XEN_ERRNO } from '../xen/xen-errno.ts'
import { livepatchesIn } from './livepatch-report.ts'

function refusedBy(errno: number): ShownLivepatches {
  const answer = readXenAnswer('list', errno, [])
  return { kind: 'refused', refusal: { kind: 'xen', answer, attempts: 1 } }
}

describe('livepatchesIn()', () => {
  it('takes a Xen that was built without livepatching for one that has none', () => {
    for (const errno of [XEN_ERRNO.ENOSYS, XEN_ERRNO.EOPNOTSUPP]) {
      expect(livepatchesIn(refusedBy(errno))).toBeUndefined()
    }
  })

  it('ends the command where Xen does not tell what is in', () => {
    for (const errno of [XEN_ERRNO.EPERM, XEN_ERRNO.EAGAIN, XEN_ERRNO.ENOMEM]) {
      expect(() => livepatchesIn(refusedBy(errno))).toThrow(
        /^It is not known which livepatches are in: Xen refused to list .*; nothing was changed$/,
      )
    }
  })
})
