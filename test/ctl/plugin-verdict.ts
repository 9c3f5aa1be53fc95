// What `audispctl plugin test` says of a program, run as a person runs it: in a process of its own, whose environment is made
// behind the back of the test runner, which puts itself into that of every child and so would sit in every plugin.

import { spawn } from 'node:child_process'
import { resolve } from 'node:path'

const MAIN = resolve('build/src/ctl/main.js')

export interface Verdict {
  readonly status: number | null
  readonly out: string
  readonly warned: string
}

export function verdictOn(words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Verdict> {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  const args = ['-i', ...variables, process.execPath, MAIN, 'plugin', 'test', ...words]
  return new Promise((done, failed) => {
    const child = spawn('/usr/bin/env', args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    let warned = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      warned += text
    })
    child.on('error', failed)
    child.on('close', (status) => {
      done({ status, out, warned })
    })
  })
}
