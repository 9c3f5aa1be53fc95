// The tarball for `npm install --global`.
import { join } from 'node:path'
import { run } from './place.mjs'

export function packNpm(tree, work, out, version) {
  // A home of its own: what somebody has configured for npm is no part of the package.
  const env = { ...process.env, npm_config_cache: join(work, 'npm-cache'), npm_config_update_notifier: 'false' }
  run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', out], { cwd: tree, env })
  return join(out, `audispd-${version}.tgz`)
}
