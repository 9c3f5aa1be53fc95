import { test } from 'tap'
import { NodeCheck } from '../../../plugins/remote-recv/node-check.js'

function strangerIn(principals: readonly string[], lines: string): string | undefined {
  return new NodeCheck(principals).stranger(Buffer.from(lines))
}

void test('which nodes are those of a principal', (t) => {
  const uri = ['audit://example/web1.example.org']
  for (const node of ['web1', 'WEB1.example.org', 'audit://example/web1.example.org', 'Web1'])
    t.equal(strangerIn(uri, `node=${node} type=A\n`), undefined, node)
  for (const node of ['web', 'web11', 'example', 'example.org', ''])
    t.equal(strangerIn(uri, `node=${node} type=A\n`), node, `not ${node}`)
  t.equal(
    strangerIn(['web1.example.org', 'old.example.org'], 'node=old type=A\nnode=web1 type=B\n'),
    undefined,
    'an alias',
  )
  t.equal(strangerIn(['relay', '*'], 'node=anything type=A\n'), undefined)
  t.equal(strangerIn(['192.0.2.1'], 'node=192 type=A\n'), '192', 'an address has no first label')
  t.equal(strangerIn(['192.0.2.1'], 'node=192.0.2.1 type=A\n'), undefined)
  t.end()
})

void test('any line counts, and only its beginning', (t) => {
  t.equal(strangerIn(['a'], 'node=a type=A\ntype=B msg=node=b \nnode=a type=C\nnode=c type=D\n'), 'c')
  t.equal(strangerIn(['a'], 'node=a x\nnode=ab x\n'), 'ab', 'not by what it begins with')
  t.equal(strangerIn(['a'], 'node=b\n'), 'b', 'without a rest')
  t.equal(strangerIn(['a'], `node=${'x'.repeat(5000)} x\n`)?.length, 1024)
  t.equal(strangerIn(['a'], 'node='), '')
  t.end()
})
