import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { test, type Test } from 'tap'
import { connectControl } from '../../src/control/control-client.js'
import { greetingLine } from '../../src/control/greeting.js'

let servers = 0

void test('asks one thing after another, and several at a time', async (t) => {
  const client = await connectControl(await daemon(t, greetingLine('all', 77), echo))
  t.match(client.greeting, { protocol: 1, pid: 77, access: 'all' })
  t.equal(await client.ask(['one', 'two']), 'one two')
  t.same(await Promise.all([client.ask(['a']), client.ask(['b']), client.ask(['c'])]), ['a', 'b', 'c'])
  await t.rejects(client.ask(['no']), { code: 'no-such-plugin', message: 'none', mend: 'look' })
  t.equal(await client.ask(['again']), 'again')
  await t.rejects(client.ask(['a\nb']), { code: 'usage' })
  client.close()
})

void test('what comes behind an answer, from the first byte on', async (t) => {
  const client = await connectControl(
    await daemon(t, greetingLine('all', 77), (socket) => {
      socket.write('{"ok":true,"result":"so"}\ntype=A ')
      setImmediate(() => socket.end('rest\n\xff'))
    }),
  )
  const { result, chunks } = await client.stream(['tap'])
  t.equal(result, 'so')
  t.equal(await textOf(chunks), 'type=A rest\n\u00ff')
  client.close()
})

void test('a stream that is closed while it is read is at its end', async (t) => {
  const client = await connectControl(
    await daemon(t, greetingLine('all', 77), (socket) => socket.write('{"ok":true,"result":0}\nmore\n')),
  )
  const { chunks } = await client.stream(['tap'])
  let text = ''
  for await (const chunk of chunks) {
    text += chunk.toString()
    client.close()
  }
  t.equal(text, 'more\n')
})

void test('nobody there, no answer, no audispd', async (t) => {
  const dir = t.testdir()
  await t.rejects(connectControl(join(dir, 'none.sock')), { code: 'not-running' })
  const cases: readonly (readonly [string, string])[] = [
    ['{"audispd":"9.0.0","protocol":2,"pid":1,"access":"all"}\n', 'bad-answer'],
    ['220 mail.example ESMTP\n', 'bad-answer'],
    ['{"ok":false,"code":"busy","message":"32 are connected","mend":"later"}\n', 'busy'],
  ]
  for (const [said, code] of cases) await t.rejects(connectControl(await daemon(t, said, echo)), { code }, said)
  const older = connectControl(await daemon(t, '{"audispd":"0.0.9","protocol":0,"pid":1,"access":"all"}\n', echo))
  await t.rejects(older, {
    code: 'bad-answer',
    message: 'audispd 0.0.9 runs, and speaks an older protocol: 0, not 1',
    mend: /: service auditd restart$/,
  })
  await t.rejects(connectControl(await daemon(t, '', echo), { timeoutMs: 30 }), { code: 'timeout' })
  const shy = await connectControl(await daemon(t, greetingLine('status', 77), (socket) => socket.destroy()))
  await t.rejects(shy.ask(['x']), { code: 'closed' })
  await t.rejects(shy.ask(['x']), { code: 'closed' }, 'and stays so')
  const odd = await connectControl(await daemon(t, greetingLine('all', 77), (socket) => socket.write('{"ok":true}\n')))
  await t.rejects(odd.ask(['x']), { code: 'bad-answer' })
  odd.close()
})

/** One that greets so, and answers every line so. Returns the path of its socket. */
async function daemon(t: Test, greeting: string, answer: (socket: Socket, line: string) => void): Promise<string> {
  // A testdir() may be too long for a socket's name.
  const path = `\0audispd-test-${process.pid}-${++servers}`
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.write(greeting)
    socket.on('data', (chunk: Buffer) => {
      for (const line of chunk.toString().split('\n').slice(0, -1)) answer(socket, line)
    })
  })
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return path
}
function echo(socket: Socket, line: string): void {
  if (line === 'no') socket.write('{"ok":false,"code":"no-such-plugin","message":"none","mend":"look"}\n')
  else socket.write(`${JSON.stringify({ ok: true, result: line })}\n`)
}

async function textOf(chunks: AsyncIterable<Buffer>): Promise<string> {
  let text = ''
  for await (const chunk of chunks) text += chunk.toString()
  return text
}
