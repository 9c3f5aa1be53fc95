// Something to audit: rules that look at one login id alone, and a program that does what they look at.

import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { promisify } from 'node:util'
import { auditctl, ENVIRONMENT } from './kernel.js'
import { program, type Scene } from './scene.js'
import { until } from './until.js'

const RULES = [
  ['-S', 'execve', '-k', 'exec'],
  ['-S', 'connect', '-S', 'bind', '-k', 'net'],
]

const DEADLINE_MS = 60_000

const run = promisify(execFile)

/** Does it all once, and waits until auditd has logged the last of it. Gives the word that this last record holds. */
export async function beActive(scene: Scene): Promise<string> {
  const dir = scene.path('activity')
  mkdirSync(dir, { recursive: true })
  for (const rule of RULES) auditctl('-a', 'always,exit', '-F', 'arch=b64', '-F', 'auid=4242', ...rule)
  auditctl('-a', 'always,exit', '-F', `dir=${dir}`, '-F', 'perm=wa', '-F', 'auid=4242', '-k', 'file')
  const word = nextWord()
  const args = [program('audited-activity.sh'), dir, word]
  await run('/bin/sh', args, { env: ENVIRONMENT })
  await until('auditd to log the activity', () => scene.read('audit.log').includes(word))
  return word
}

/** One record more, which stands for "everything up to here". */
export async function mark(scene: Scene): Promise<string> {
  const word = nextWord()
  auditctl('-m', word)
  await until('auditd to log a message', () => scene.read('audit.log').includes(word))
  return word
}

/** One record after the other, until something has come of them. */
export async function markUntil(scene: Scene, what: string, isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`waited ${DEADLINE_MS / 1000} s for ${what}`)
    await mark(scene)
  }
}

let words = 0

function nextWord(): string {
  return `audispd-live-${process.pid}-${++words}`
}
