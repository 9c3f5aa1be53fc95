// Writes one launcher per program into build/bin from bin/launcher.sh, with the Node that built it as the one to run.
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'

const PROGRAMS = {
  audispd: 'src/main.js',
  audispctl: 'src/ctl/main.js',
  'audispd-af-unix': 'plugins/af-unix/main.js',
  'audispd-filter': 'plugins/filter/main.js',
  'audispd-iptables': 'plugins/iptables/main.js',
  'audispd-log': 'plugins/log/main.js',
  'audispd-print': 'plugins/print/main.js',
  'audispd-remote-send': 'plugins/remote-send/main.js',
  'audispd-remote-recv': 'plugins/remote-recv/main.js',
  'audispd-setroubleshoot': 'plugins/setroubleshoot/main.js',
  'audispd-metrics': 'plugins/metrics/main.js',
  'audispd-syslog': 'plugins/syslog/main.js',
}

const template = readFileSync('bin/launcher.sh', 'utf8')
mkdirSync('build/bin', { recursive: true })
for (const [name, main] of Object.entries(PROGRAMS)) {
  const path = `build/bin/${name}`
  writeFileSync(path, template.replaceAll('@NODE@', process.execPath).replaceAll('@MAIN@', `../${main}`))
  chmodSync(path, 0o755)
}
