// to-json: writes each record as a line of JSON to the end of a file. A plugin with `format = protocol`, by the SDK.
// Usage: node build/to-json.js FILE
//
// In a copy of this directory: npm install, npm install --install-links /path/to/audispd, npm run build.
//
// Compiled by tsc, and not run by Node as it stands: Node takes types out by WebAssembly, which there is none of where
// audispd runs under auditd.

import { open, type FileHandle } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import { BadConfiguration, runPlugin, type BatchRecord, type PluginDefinition } from 'audispd/sdk'

const [, , path = ''] = process.argv

let file: FileHandle

const plugin: PluginDefinition = {
  async open() {
    if (!isAbsolute(path)) throw new BadConfiguration('usage: to-json.js FILE, an absolute path')
    file = await open(path, 'a', 0o600)
  },

  // The batch is acknowledged when this is done: so not before it is on the disk.
  async records(batch) {
    const lines: string[] = []
    for (const record of batch) lines.push(JSON.stringify(asObject(record)))
    await file.appendFile(`${lines.join('\n')}\n`)
    await file.datasync()
  },

  async lost({ count, first, last, reason }) {
    await file.appendFile(`${JSON.stringify({ lost: { count, first, last, reason } })}\n`)
    await file.datasync()
  },

  // The file may have been rotated.
  async reload() {
    await file.close()
    file = await open(path, 'a', 0o600)
  },

  async stop() {
    await file.close()
  },
}

function asObject({ seq, text, parsed }: BatchRecord): object {
  if (parsed === undefined) return { seq, text }
  // What a program says in msg='...' comes behind what the kernel says of it, and shall not hide it: the first of a name counts.
  const fields = new Map<string, string>()
  const repeated: [key: string, text: string][] = []
  for (const { key, text: value } of parsed.fields()) {
    if (fields.has(key)) repeated.push([key, value])
    else fields.set(key, value)
  }
  return {
    seq,
    ...(parsed.node === '' ? {} : { node: parsed.node }),
    type: parsed.typeName,
    time: new Date(parsed.timeMs).toISOString(),
    serial: parsed.serial,
    fields: Object.fromEntries(fields),
    ...(repeated.length === 0 ? {} : { repeated }),
  }
}

await runPlugin(plugin)
