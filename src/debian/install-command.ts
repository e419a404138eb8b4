/** The one command that installs these Debian packages, for whoever is told that they are missing. */
export function installCommand(packages: readonly string[]): string {
  const install = `apt-get install --yes --no-install-recommends ${packages.join(' ')}`
  return `sudo sh -c 'apt-get update && ${install}'`
}
