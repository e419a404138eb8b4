import { emptyStatement, type AdvisoryStatement } from './statement.ts'
import type { JsonFields } from './json-fields.ts'
import { xsaNumberOf } from './json-fields.ts'
import type { BranchRecipe, Recipe, TreeRecipe } from './recipe.ts'

/**
 * Reads Xen's `xsaNNN.meta`: which patches to apply to which branch, and on top of what.
 *
 * Its variants are those of the files that the Xen project sent to oss-security: prerequisites that
 * are null, none, other advisories or the advisory itself; patches that are globs or none.
 */
export function readMeta(file: JsonFields, reference: string): AdvisoryStatement | 'no-number' {
  const xsa = file.number('XSA')
  if (xsa === undefined) return 'no-number'
  const recipe: Recipe = {
    supportedVersions: file.texts('SupportedVersions'),
    trees: file.texts('Trees'),
    branches: readBranches(file, xsa),
  }
  const empty = emptyStatement(xsa, { kind: 'meta', reference })
  return { ...empty, recipe, extra: file.rest() }
}

function readBranches(file: JsonFields, xsa: number): readonly BranchRecipe[] {
  const recipes = file.object('Recipes')
  return (recipes?.keys() ?? []).flatMap((branch, index) => {
    const fields = recipes?.object(branch, `branch ${index + 1}`)
    if (fields === undefined) return []
    const trees = fields.object('Recipes')
    return {
      branch,
      xenVersion: fields.text('XenVersion'),
      trees: (trees?.keys() ?? []).flatMap((tree, index) => {
        const one = trees?.object(tree, `tree ${index + 1}`)
        return one === undefined ? [] : [readTree(tree, one, xsa)]
      }),
    }
  })
}

function readTree(tree: string, fields: JsonFields, xsa: number): TreeRecipe {
  const listed = fields.list('Prereqs')
  const prerequisites = listed.map(xsaNumberOf).filter((one) => one !== undefined)
  if (prerequisites.length < listed.length) {
    fields.refuse('Prereqs', 'bad-field', 'Numbers of advisories are wanted here')
  }
  const patches = fields.texts('Patches')
  const inside = patches.filter(staysInside)
  if (inside.length < patches.length) {
    fields.refuse('Patches', 'bad-field', 'A patch lies outside the folder of the recipe')
  }
  return {
    tree,
    stableRef: fields.text('StableRef'),
    // XSA-360 names itself: it has more than one patch.
    prerequisites: [...new Set(prerequisites)].filter((one) => one !== xsa),
    patches: inside,
  }
}

/** A recipe comes from outside, and its files are opened by name later. */
function staysInside(patch: string): boolean {
  return patch !== '' && !patch.startsWith('/') && !/(?:^|[/\\])\.\.(?:[/\\]|$)/.test(patch)
}
