// Pictures of audispctl for the docs: a real daemon with a few plugins, some of them in trouble, gets a recorded stream; status, top
// and doctor run in a terminal; what stands on its screen becomes SVG. As root, after a build: node scripts/screenshots.mjs [NAME ...]
//
// It happens in mounts of its own, so that paths are the usual ones and nothing of the machine is touched: /etc and /run are seen
// through, and what is written to them is gone with the process.

import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import xterm from '@xterm/headless'

const OUT = resolve('docs/screenshots')
const RECORDING = 'test/fixtures/auditd-stream/v2.8.5-raw.string'
const AUDISPD = resolve('build/bin/audispd')
const AUDISPCTL = resolve('build/bin/audispctl')
const INSIDE = '--inside'
const SEEN_THROUGH = ['/etc', '/run']
const ETC = '/etc/audispd'
const RECORDS_A_SECOND = 4000
const WRITES_A_SECOND = 20
/** Until the queue of whoever does not read is full, and the one that dies has died a few times. */
const SETTLED_MS = 6000

/** A name, the command that is shown and run, the size of the terminal, and the keys that end it. */
const SHOTS = [
  { name: 'status', words: ['status'], columns: 120, rows: 40 },
  { name: 'top', words: ['top'], columns: 100, rows: 26, quitAfterMs: 12_500 },
  { name: 'doctor', words: ['doctor'], columns: 110, rows: 80 },
]

const PLUGINS = {
  archive: ['path = /usr/bin/cat', 'args = -'],
  siem: ['path = /usr/bin/cat', 'format = binary'],
  alerts: ['path = /usr/bin/cat', 'subscribe = type=AVC,USER_*,ANOM_*,CONFIG_CHANGE,SYSCALL'],
  reports: ['path = /usr/bin/sleep', 'args = 3600', 'q_depth = 5000'],
  ticket: ['path = /etc/audispd/ticket.sh', 'restart_delay = 2s..60s'],
}
const TICKET =
  '#!/bin/sh\nhead -c 100000 >/dev/null\necho "ticket: tickets.example.org: connection refused" >&2\nexit 1\n'

const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g
/** Pictures are to differ in what they show and not in when they were taken. */
const SHOWN_TIME = '2026-11-21T19:09:14.099Z'

const ESC = '\x1b'
const LEAVE_SCREEN = `${ESC}[?1049l`
const LOOKS = {
  background: '#1b1f27',
  text: '#d5dae3',
  dim: '#7f8896',
  palette: ['#3b4252', '#e5747c', '#9cc58b', '#e8c67a', '#7ea6dc', '#c39ac9', '#83c3c9', '#d5dae3'],
}
const FONT_PX = 14
const CELL = { width: 8.43, height: 19 }
const PADDING = 14

const args = process.argv.slice(2)
if (args[0] === INSIDE) await inside(args.slice(1))
else outside(args)

function outside(names) {
  const command = ['--mount', '--propagation', 'private', process.execPath, process.argv[1], INSIDE, ...names]
  const { status } = spawnSync('unshare', command, { stdio: 'inherit' })
  process.exitCode = status ?? 70
}

async function inside(names) {
  const dir = mkdtempSync(join(tmpdir(), 'audispd-screens-'))
  // An overlay cannot lie on another, which a temporary directory may be.
  mount('-t', 'tmpfs', 'tmpfs', dir)
  for (const seen of SEEN_THROUGH) seeThrough(seen, dir)
  configure()
  const daemon = spawn(AUDISPD, ['--input', 'text'], { stdio: ['pipe', 'ignore', 'pipe'], env: {}, cwd: '/' })
  try {
    await said(daemon.stderr, 'control socket is open')
    const stopFeeding = feed(daemon.stdin)
    await sleep(SETTLED_MS)
    mkdirSync(OUT, { recursive: true })
    for (const shot of SHOTS.filter(({ name }) => names.length === 0 || names.includes(name))) {
      const screen = await screenOf(shot)
      writeFileSync(join(OUT, `${shot.name}.svg`), svgOf(screen, shot))
      process.stdout.write(`${shot.name}.svg: ${screen.length} lines\n`)
    }
    stopFeeding()
  } finally {
    // Reports and its like would be waited for.
    daemon.kill('SIGTERM')
    daemon.kill('SIGTERM')
    await new Promise((done) => daemon.once('exit', done))
    for (const seen of [...SEEN_THROUGH, dir]) spawnSync('umount', ['--lazy', seen])
    rmdirSync(dir)
  }
}

/** What is written below `path` from now on is written elsewhere. */
function seeThrough(path, dir) {
  const store = join(dir, path.slice(1))
  for (const name of ['upper', 'work']) mkdirSync(join(store, name), { recursive: true })
  mount('-t', 'overlay', 'overlay', '-o', `lowerdir=${path},upperdir=${store}/upper,workdir=${store}/work`, path)
}

function configure() {
  rmSync(ETC, { recursive: true, force: true })
  rmSync('/run/audispd', { recursive: true, force: true })
  mkdirSync(join(ETC, 'audispd.d'), { recursive: true })
  writeFileSync(join(ETC, 'audispd.conf'), 'log = stderr\n')
  writeFileSync(join(ETC, 'ticket.sh'), TICKET, { mode: 0o755 })
  for (const [name, lines] of Object.entries(PLUGINS)) {
    writeFileSync(join(ETC, 'audispd.d', `${name}.conf`), ['active = yes', ...lines, ''].join('\n'))
  }
}

/** Resolves when a line of the log says it; what comes after is read and thrown away. */
function said(log, words) {
  return new Promise((done, fail) => {
    const lines = createInterface({ input: log })
    const all = []
    lines.on('line', (line) => {
      all.push(line)
      if (line.includes(words)) done()
    })
    lines.on('close', () => fail(new Error(`audispd has ended:\n${all.join('\n')}`)))
  })
}

/** The recording, over and over, at a steady pace. */
function feed(stdin) {
  const lines = readFileSync(RECORDING, 'latin1').split('\n').slice(0, -1)
  const count = RECORDS_A_SECOND / WRITES_A_SECOND
  let at = 0
  stdin.on('error', () => {})
  const timer = setInterval(() => {
    const batch = Array.from({ length: count }, (_, index) => lines[(at + index) % lines.length])
    at += count
    stdin.write(`${batch.join('\n')}\n`, 'latin1')
  }, 1000 / WRITES_A_SECOND)
  return () => clearInterval(timer)
}

/** The lines on a terminal after the command, as cells with their looks. */
async function screenOf({ words, columns, rows, quitAfterMs }) {
  const shell = `stty cols ${columns} rows ${rows}; exec ${AUDISPCTL} ${words.join(' ')}`
  const env = { TERM: 'xterm-256color', PATH: '/usr/bin:/bin', SHELL: '/bin/sh' }
  const child = spawn('script', ['-qec', shell, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'], env })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text))
  if (quitAfterMs !== undefined) setTimeout(() => child.stdin.write('q'), quitAfterMs)
  await new Promise((done) => child.once('close', done))
  // What somebody sees who looks, not what is left when he has gone.
  const [seen] = output.split(LEAVE_SCREEN)
  const terminal = new xterm.Terminal({ cols: columns, rows: rows + 1, allowProposedApi: true, scrollback: 1000 })
  const prompt = quitAfterMs === undefined ? `${ESC}[1m#${ESC}[0m audispctl ${words.join(' ')}\r\n` : ''
  await new Promise((done) => terminal.write(prompt + seen, done))
  return cellsOf(terminal)
}

function cellsOf(terminal) {
  const buffer = terminal.buffer.active
  const lines = Array.from({ length: buffer.length }, (_, row) => {
    const line = buffer.getLine(row)
    return Array.from({ length: terminal.cols }, (_cell, column) => {
      const cell = line.getCell(column)
      const color = cell.isFgPalette() ? (LOOKS.palette[cell.getFgColor() % 8] ?? LOOKS.text) : LOOKS.text
      return { text: cell.getChars() || ' ', color: cell.isDim() ? LOOKS.dim : color, isBold: cell.isBold() > 0 }
    })
  })
  while (lines.length > 0 && lines.at(-1).every(({ text }) => text === ' ')) lines.pop()
  return lines
}

function svgOf(lines, { words, columns }) {
  const width = Math.ceil(columns * CELL.width + 2 * PADDING)
  const height = Math.ceil(lines.length * CELL.height + 2 * PADDING)
  const texts = lines.flatMap((cells, row) => runsOf(cells).map((run) => textOf(run, row)))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>audispctl ${words.join(' ')}</title>`,
    `<rect width="${width}" height="${height}" rx="8" fill="${LOOKS.background}"/>`,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${FONT_PX}" xml:space="preserve">`,
    ...texts,
    '</g>',
    '</svg>',
    '',
  ].join('\n')
}

/** Cells side by side that look alike. */
function runsOf(cells) {
  const runs = []
  for (const [column, { text, color, isBold }] of cells.entries()) {
    const last = runs.at(-1)
    if (last?.color === color && last.isBold === isBold) last.text += text
    else runs.push({ column, text, color, isBold })
  }
  return runs.filter(({ text }) => text.trim() !== '')
}

/** Its length is given, so that columns stand below each other in any font. */
function textOf({ column, text, color, isBold }, row) {
  const shown = text.trimEnd().replaceAll(TIME, SHOWN_TIME)
  const lead = shown.length - shown.trimStart().length
  const kept = shown.slice(lead)
  const x = (PADDING + (column + lead) * CELL.width).toFixed(2)
  const y = (PADDING + (row + 0.75) * CELL.height).toFixed(2)
  const length = ([...kept].length * CELL.width).toFixed(2)
  const weight = isBold ? ' font-weight="bold"' : ''
  return `<text x="${x}" y="${y}" textLength="${length}" lengthAdjust="spacingAndGlyphs" fill="${color}"${weight}>${escaped(kept)}</text>`
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function mount(...words) {
  const { status, stderr } = spawnSync('mount', words, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`mount ${words.join(' ')}: ${stderr}`)
}
