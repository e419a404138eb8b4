import path from 'node:path'

/**
 * Where a controller keeps its state.
 *
 *     .reweave/
 *     advisories/xsa-506/KIND-HASH.json   one statement on a public advisory
 *     advisories/xsa-600/embargoed.json   all that may be said of an embargoed one
 *     embargoed/xsa-600/KIND-HASH.json    its statements; a folder for the cleared alone (0700)
 *     inventory.json                      the hosts
 *     sightings/xsa-506.jsonl             when hosts were seen open, and when closed
 *     assessments/xsa-506.jsonl           assessments, one a line; those of xsa-600 are embargoed/'s
 *
 * Who may read `embargoed/` is cleared: the system's own file permissions decide it.
 */
export interface StoreFolders {
  readonly root: string
  readonly advisories: string
  readonly embargoed: string
  readonly assessments: string
  /** Advisories that come with Reweave. Never written to. */
  readonly shipped: readonly string[]
}

export function storeFolders(root: string, shipped: readonly string[]): StoreFolders {
  return {
    root,
    advisories: path.join(root, 'advisories'),
    embargoed: path.join(root, 'embargoed'),
    assessments: path.join(root, 'assessments'),
    shipped,
  }
}
