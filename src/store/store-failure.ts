/** The user may not read the embargoed part of the store. */
export class NotCleared extends Error {
  readonly code = 'not-cleared'
  readonly folder: string

  constructor(folder: string, options: { readonly cause: unknown }) {
    super(`Not cleared: this user may not read ${folder}`, options)
    this.folder = folder
  }
}

/** A file of the store holds something else than Reweave wrote. */
export class StoreUnreadable extends Error {
  readonly code = 'store-unreadable'
  readonly file: string

  // Without a cause: the parser's message would quote the file.
  constructor(file: string) {
    super(`Cannot read ${file}: it holds something else than Reweave wrote`)
    this.file = file
  }
}
