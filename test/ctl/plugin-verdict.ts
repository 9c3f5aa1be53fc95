// What `audispctl plugin test` says of a program, run as a person runs it: in a process of its own, whose environment is made
// behind the back of the test runner, which puts itself into that of every child and so would sit in every plugin.

import { spawn } from 'node:child_process'
import { resolve } from 'node:path'

const MAIN = resolve('build/src/ctl/main.js')
const MANY = resolve('build/test/ctl/verdict-program.js')

export interface Verdict {
  readonly status: number | null
  readonly out: string
  readonly warned: string
}

export function verdictOn(words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Verdict> {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  return ran([...variables, process.execPath, MAIN, 'plugin', 'test', ...words], '')
}

/** Of many, from one process for all of them. */
export async function verdictsOn(lists: readonly (readonly string[])[]): Promise<Verdict[]> {
  const { status, out, warned } = await ran([process.execPath, MANY], JSON.stringify(lists))
  if (status !== 0) throw new Error(`${MANY} ended with ${status}: ${warned}`)
  const parsed: unknown = JSON.parse(out)
  return (Array.isArray(parsed) ? parsed : []).map((one: unknown) => ({
    status: Number(Object(one).status),
    out: String(Object(one).out),
    warned: String(Object(one).warned),
  }))
}

function ran(words: readonly string[], input: string): Promise<Verdict> {
  return new Promise((done, failed) => {
    const child = spawn('/usr/bin/env', ['-i', ...words], { stdio: ['pipe', 'pipe', 'pipe'] })
    child.stdin.end(input)
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
