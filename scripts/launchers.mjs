// Writes one launcher per program from bin/launcher.sh. Usage: launchers.mjs [--out DIR] [--node PATH]
//
// The programs are beside DIR (build/bin); PATH is the Node that runs them, the one that builds them if nothing is said. It may begin
// with $here, the directory that the launcher is in.
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

const PROGRAMS = {
  audispd: 'src/main.js',
  audispctl: 'src/ctl/main.js',
  'audispd-af-unix': 'plugins/af-unix/main.js',
  'audispd-filter': 'plugins/filter/main.js',
  'audispd-iptables': 'plugins/iptables/main.js',
  'audispd-log': 'plugins/log/main.js',
  'audispd-metrics': 'plugins/metrics/main.js',
  'audispd-print': 'plugins/print/main.js',
  'audispd-remote-send': 'plugins/remote-send/main.js',
  'audispd-remote-recv': 'plugins/remote-recv/main.js',
  'audispd-setroubleshoot': 'plugins/setroubleshoot/main.js',
  'audispd-syslog': 'plugins/syslog/main.js',
}

const { values } = parseArgs({
  options: { out: { type: 'string', default: 'build/bin' }, node: { type: 'string', default: process.execPath } },
})
const template = readFileSync('bin/launcher.sh', 'utf8')
mkdirSync(values.out, { recursive: true })
for (const [name, main] of Object.entries(PROGRAMS)) {
  const path = `${values.out}/${name}`
  writeFileSync(path, template.replaceAll('@NODE@', () => values.node).replaceAll('@MAIN@', `../${main}`))
  chmodSync(path, 0o755)
}
