import { test } from 'tap'
import { hostPorts, hostPortText, isLoopback } from '../../src/remote/host-port.js'

const connect = hostPorts(6514, 'connect')
const listen = hostPorts(6514, 'listen')

void test('where to connect', (t) => {
  const good: readonly (readonly [text: string, host: string, port: number])[] = [
    ['agg1', 'agg1', 6514],
    ['agg1.example.org:60', 'agg1.example.org', 60],
    ['192.0.2.1', '192.0.2.1', 6514],
    ['192.0.2.1:65535', '192.0.2.1', 65_535],
    ['[2001:db8::1]', '2001:db8::1', 6514],
    ['[::1]:1', '::1', 1],
    ['a_b-c.', 'a_b-c.', 6514],
  ]
  for (const [text, host, port] of good) t.same(connect(text), { value: [{ host, port }] }, text)
  t.same(connect('a:1 ,b,[::1]:2'), {
    value: [
      { host: 'a', port: 1 },
      { host: 'b', port: 6514 },
      { host: '::1', port: 2 },
    ],
  })
  t.end()
})

void test('what is no place', (t) => {
  const bad: readonly (readonly [text: string, said: RegExp])[] = [
    ['', /'' is not HOST:PORT, such as agg1\.example\.org:6514 or \[2001:db8::1\]:6514$/],
    ['a,', /'' is not HOST:PORT/],
    ['a:', /'a:' is not HOST:PORT/],
    ['a:0', /'a:0': a port is a number from 1 to 65535/],
    ['a:65536', /a port is a number/],
    ['a:x', /is not HOST:PORT/],
    ['::1', /an IPv6 address stands in brackets$/],
    ['[1.2.3.4]:5', /is not HOST:PORT/],
    ['[::1', /is not HOST:PORT/],
    ['1.2.3', /is not HOST:PORT/],
    ['1.2.3.256:60', /is not HOST:PORT/],
    ['a b', /is not HOST:PORT/],
    ['https://a', /is not HOST:PORT/],
    ['-a', /is not HOST:PORT/],
    ['x'.repeat(254), /is not HOST:PORT/],
    ['*', /'\*' is not HOST:PORT/],
    ['a,b:6514,a:6514', /'a:6514' stands there twice/],
    [Array.from({ length: 17 }, (_, at) => `h${at}`).join(), /17 of them; 16 are the most/],
  ]
  for (const [text, said] of bad) t.match(connect(text), { mistake: said }, text)
  t.end()
})

void test('where to listen', (t) => {
  t.same(listen('*, 127.0.0.1:60, [::]:60'), {
    value: [
      { host: '', port: 6514 },
      { host: '127.0.0.1', port: 60 },
      { host: '::', port: 60 },
    ],
  })
  t.match(listen('6514'), { mistake: /such as 192\.0\.2\.1:6514/ }, 'a number is no host')
  t.end()
})

void test('as it is written', (t) => {
  for (const text of ['*:1', 'a:2', '[::1]:3', '1.2.3.4:5']) {
    const parsed = listen(text)
    t.same('value' in parsed ? parsed.value.map(hostPortText) : [], [text])
  }
  t.end()
})

void test('what stays on this machine', (t) => {
  for (const host of ['localhost', 'LOCALHOST', '127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'])
    t.ok(isLoopback(host), host)
  for (const host of ['', '0.0.0.0', '::', '128.0.0.1', 'localhost.example.org', '127.example.org', '::ffff:1.2.3.4'])
    t.notOk(isLoopback(host), host)
  t.end()
})
