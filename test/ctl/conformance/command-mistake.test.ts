import { test } from 'tap'
import { commandMistake } from '../../../src/ctl/conformance/command-mistake.js'
import { readCommand } from '../../../src/protocol/command.js'

function mistakeIn(text: string): string | undefined {
  const bytes = Buffer.from(`tag ${text}`, 'latin1')
  const command = readCommand(bytes, 0, bytes.length)
  return command.kind === 'tagless' ? 'no tag' : commandMistake(command)
}

void test('a command that could be run has no mistake', (t) => {
  const good = ['subscribe type=USER_* !node=web1', 'pause', 'resume', 'stats', 'stats siem', 'notify info all is well']
  for (const text of [...good, 'notify warning 100%25', 'action block-ip 192.0.2.1', 'reload']) {
    t.equal(mistakeIn(text), undefined, text)
  }
  t.end()
})

void test('one that could not says why', (t) => {
  t.match(mistakeIn('dance'), /no such command/)
  t.match(mistakeIn('subscribe type=NO_SUCH_TYPE'), /no record type/)
  t.match(mistakeIn('stats one two'), /stats \[plugin\]/)
  t.match(mistakeIn('reload now'), /takes no arguments/)
  t.match(mistakeIn('notify info %20'), /there is no text/)
  t.match(mistakeIn('action ../x'), /action NAME/)
  t.match(mistakeIn(`action halt ${'x'.repeat(257)}`), /at most 256 bytes/)
  t.match(mistakeIn('action halt %ff'), /control bytes/)
  t.end()
})
