/** The release of Reweave that this is, as package.json has it; the kit in Dom0 has no package.json. */
export const REWEAVE_VERSION = '0.1.0'
