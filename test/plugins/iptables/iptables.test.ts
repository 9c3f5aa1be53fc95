// The plugin as its dispatcher sees it: positions, what is settled, reload, and the end.

import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type Test } from 'tap'
import { readConfig } from '../../../plugins/iptables/config-file.js'
import { iptables } from '../../../plugins/iptables/iptables.js'
import { NODE_CLOCK } from '../../../src/remote/node-world.js'
import { Voice } from '../../../src/remote/voice.js'
import { Auditd } from '../../sdk/auditd.js'
import { testPlugin, type TestDispatcher, type TestDispatcherOptions } from '../../../src/sdk/index.js'

class Site {
  readonly dir = mkdtempSync(join(tmpdir(), 'iptables-'))
  readonly log = join(this.dir, 'emu.log')
  readonly said: string[] = []
  config = `source = logemu\nfile = ${this.log}\nposition_file = ${join(this.dir, 'position')}\n`

  constructor(t: Test) {
    t.teardown(() => {
      rmSync(this.dir, { recursive: true })
    })
  }

  /** Packets with these source ports, a line each. */
  packets(first: number, last: number, prefix = 'p'): void {
    for (let port = first; port <= last; port++) {
      const ip = 'SRC=192.0.2.1 DST=192.0.2.2 LEN=31 TOS=00 PREC=0x00 TTL=64 ID=1 PROTO=UDP'
      appendFileSync(this.log, `Nov 22 07:10:32 vm ${prefix} IN=lo OUT= ${ip} SPT=${port} DPT=2 LEN=11 MARK=0x0 \n`)
    }
  }

  start(options: TestDispatcherOptions = {}): TestDispatcher {
    const voice = new Voice(NODE_CLOCK, (line) => this.said.push(line))
    return testPlugin(
      iptables(() => readConfig(this.config, 'f'), voice),
      options,
    )
  }

  position(): unknown {
    return JSON.parse(readFileSync(join(this.dir, 'position'), 'utf8'))
  }
}

function portsOf({ records }: TestDispatcher): number[] {
  return records.map(({ record }) => Number(/ sport=(\d+) /.exec(record)?.[1]))
}

void test('what was not settled is sent again under the same numbers, and as the same events', async (t) => {
  const site = new Site(t)
  site.packets(1, 4)
  const first = site.start({ settles: false })
  await first.until(() => first.records.length === 4)
  first.settle(first.records[1]?.n ?? 0)
  site.packets(5, 5)
  await first.until(() => first.records.length === 5)
  t.equal(await first.stop(), 0)
  const received = first.records[4]?.n ?? 0
  const second = site.start({ hello: { received } })
  await second.until(() => second.records.length === 3)
  t.same(second.records, first.records.slice(2))
  site.packets(6, 6)
  await second.until(() => second.records.length === 4)
  t.ok((second.records[3]?.n ?? 0) > received)
  t.equal(await second.stop(), 0)
  t.same(second.violations, [])
  const third = site.start({ hello: { received: second.records[3]?.n ?? 0 } })
  site.packets(7, 7)
  await third.until(() => third.records.length === 1)
  t.same(portsOf(third), [7])
  t.equal(await third.stop(), 0)
  t.same(site.said, [])
})

void test('without its position file the numbers go on above those that were received', async (t) => {
  const site = new Site(t)
  site.packets(1, 1)
  const plugin = site.start({ hello: { received: 1_000_000 } })
  await plugin.until(() => plugin.records.length === 1)
  t.ok((plugin.records[0]?.n ?? 0) > 1_000_000)
  t.equal(await plugin.stop(), 0)
})

void test('lines that are nothing of netfilter move the position as well', async (t) => {
  const site = new Site(t)
  site.packets(1, 1)
  appendFileSync(site.log, 'x\n'.repeat(1000))
  const plugin = site.start()
  await plugin.until(() => plugin.records.length === 1)
  t.equal(await plugin.stop(), 0)
  t.match(site.position(), { offset: readFileSync(site.log).length })
})

void test('another file after a reload: numbers rise, and with a mistake nothing changes', async (t) => {
  const site = new Site(t)
  site.packets(1, 2)
  const plugin = site.start()
  await plugin.until(() => plugin.records.length === 2)
  const config = site.config
  site.config = 'source = nothing'
  plugin.reload()
  site.packets(3, 3)
  await plugin.until(() => plugin.records.length === 3)
  renameSync(site.log, `${site.log}.other`)
  site.packets(4, 4, 'other')
  site.config = `${config}prefix = p\noutput = kernel\n`.replace(site.log, `${site.log}.other`)
  plugin.reload()
  await plugin.until(() => plugin.records.length === 6)
  t.same(portsOf(plugin), [1, 2, 3, 1, 2, 3])
  t.same(
    plugin.records.map(({ n }) => n),
    plugin.records.map(({ n }) => n).toSorted((a, b) => a - b),
  )
  t.equal(await plugin.stop(), 0)
  t.same(plugin.violations, [])
  const warned = plugin.commands.map(({ args }) => args.at(-1) ?? '')
  t.match(warned, [/'nothing' is not kmsg/, /going on with the old one/, /output changes only/])
})

void test('another file is begun when all of the old one is settled', async (t) => {
  const site = new Site(t)
  site.packets(1, 2)
  const plugin = site.start({ settles: false })
  await plugin.until(() => plugin.records.length === 2)
  renameSync(site.log, `${site.log}.other`)
  site.packets(3, 3)
  const place = join(site.dir, 'other-position')
  const { config } = site
  site.config = config.replace(site.log, `${site.log}.other`).replace(/position_file = .*/, `position_file = ${place}`)
  plugin.reload()
  for (const ping of [1, 2]) {
    plugin.ping(ping)
    await plugin.until(() => plugin.pongs.length === ping)
  }
  t.equal(plugin.records.length, 2)
  plugin.settle(plugin.records[1]?.n ?? 0)
  await plugin.until(() => plugin.records.length === 4)
  t.same(portsOf(plugin), [1, 2, 1, 2])
  site.config = config.replace(/position_file = .*/, `position_file = ${place}`)
  plugin.settle(plugin.records[3]?.n ?? 0)
  plugin.reload()
  await plugin.until(() => plugin.records.length === 5)
  plugin.settle(plugin.records[4]?.n ?? 0)
  site.config = config
  plugin.reload()
  await plugin.until(() => plugin.records.length === 6)
  t.same(portsOf(plugin).slice(4), [3, 3], 'another position file alone is another place')
  t.equal(await plugin.stop(), 0)
})

void test('auditd takes nothing from a plugin', async (t) => {
  const site = new Site(t)
  site.packets(1, 1)
  const voice = new Voice(NODE_CLOCK, (line) => site.said.push(line))
  const auditd = new Auditd(iptables(() => readConfig(site.config, 'f'), voice))
  auditd.write('type=USER msg=audit(1.000:1): x\n')
  t.equal(await auditd.status, 78)
  t.match(auditd.complaints, /\S/)
})

void test('nothing is read beyond what the dispatcher takes', async (t) => {
  const site = new Site(t)
  site.packets(1, 300)
  const plugin = site.start({ settles: false, hello: { 'in-window': 8 } })
  await plugin.until(() => plugin.records.length === 7)
  plugin.ping(1)
  await plugin.until(() => plugin.pongs.length === 1)
  t.equal(plugin.records.length, 7)
  plugin.settle(plugin.records[6]?.n ?? 0)
  await plugin.until(() => plugin.records.length === 14)
  t.equal(await plugin.stop(), 0)
  t.match(site.position(), { offset: plugin.records[6]?.n }, 'what is only read is not settled')
})

void test('a mistake in the configuration, or a device that is none', async (t) => {
  const site = new Site(t)
  site.config = 'source = nothing'
  const wrong = site.start()
  t.equal(await wrong.status, 78)
  t.match(wrong.complaints, 'f:1: source:')
  writeFileSync(site.log, '')
  site.config = `file = ${join(site.dir, 'no-kmsg')}\nposition_file = ${join(site.dir, 'position')}\n`
  const gone = site.start()
  t.equal(await gone.status, 78)
  t.match(gone.complaints, 'no-kmsg: cannot be read: no such file or directory')
})
