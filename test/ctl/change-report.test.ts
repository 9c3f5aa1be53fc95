import { test } from 'tap'
import { failureAsJson, failureAsText } from '../../src/ctl/change-report.js'
import { CtlError } from '../../src/ctl/ctl-error.js'

const HOSTILE = 'x\x1b[31m\u009b2J\u202e.conf'

void test('a failure harms no terminal, whatever a file or a peer is called', (t) => {
  const problem = { file: `/d/${HOSTILE}`, line: 3, message: `'${HOSTILE}' is no name`, mend: `rename ${HOSTILE}` }
  const failure = new CtlError('config', [problem])
  const escaped = String.raw`x\x1b[31m\x9b2J\u{202e}.conf`
  t.equal(
    failureAsText('audispctl check', failure),
    `audispctl check: /d/${escaped}:3: '${escaped}' is no name\n  rename ${escaped}\n`,
  )
  const json = failureAsJson('check', failure, 78)
  t.match(json, /^[\x20-\x7e\n]+$/)
  t.match(JSON.parse(json), { verb: 'check', problems: [problem], exitStatus: 78 }, 'and programs get it as it is')
  t.end()
})
