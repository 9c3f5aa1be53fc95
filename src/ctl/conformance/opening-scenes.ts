import { Failed, type Scene } from './check.js'
import { Conversation } from './conversation.js'
import { record } from './sample-records.js'
import type { Stage } from './stage.js'

/** Whoever speaks without being asked does so at once. */
const BEFORE_HELLO_MS = 200
const LATER_VERSION = 9

async function opening(stage: Stage): Promise<void> {
  const conversation = await Conversation.begin(stage)
  await conversation.livesFor(BEFORE_HELLO_MS)
  if (conversation.firstLine !== '') {
    throw new Failed('nothing before HELLO, which says what versions there are', `'${conversation.firstLine}'`)
  }
  await conversation.greet()
  await conversation.livesFor()
}

async function unknownKeys(stage: Stage): Promise<void> {
  const more = 'node=web1 shoe-size=42 empty= x=a=b received-before=0'
  const conversation = await Conversation.open(stage, { more })
  await conversation.finish()
}

async function laterVersion(stage: Stage): Promise<void> {
  const conversation = await Conversation.open(stage, { version: LATER_VERSION })
  await conversation.finish()
}

async function comments(stage: Stage): Promise<void> {
  const conversation = await Conversation.open(stage)
  conversation.say('# a comment\n')
  conversation.say('\n')
  conversation.say('#\n')
  conversation.say('#STOP\n')
  conversation.say('# RECORD 7 as a comment\n')
  if (stage.givesRecords) await conversation.deliver([record('behind comments')])
  conversation.say('\n')
  await conversation.finish()
}

async function errors(stage: Stage): Promise<void> {
  const conversation = await Conversation.open(stage)
  conversation.say('ERR - violation this is what a violation is answered by\n')
  conversation.say('ERR never-asked denied an answer to nothing\n')
  conversation.say('ERR never-asked of-a-later-version a code that is not in this one\n')
  if (stage.givesRecords) await conversation.deliver([record('behind an error')])
  await conversation.finish()
}

async function unknownLines(stage: Stage): Promise<void> {
  const conversation = await Conversation.open(stage)
  conversation.say('RECALL 7 of a later version\n')
  conversation.say('RECORDS\n')
  conversation.say('STOPPED 1 2 3\n')
  if (stage.givesRecords) await conversation.deliver([record('behind lines of a later version')])
  conversation.say('RELOADED\n')
  await conversation.finish()
}

export const OPENING: Scene = {
  kind: 'scene',
  name: 'opening',
  why: 'A plugin that does not answer HELLO by READY within ready_timeout is stopped and started again.',
  formats: ['protocol'],
  play: opening,
}

export const OPENING_SCENES: readonly Scene[] = [
  {
    kind: 'scene',
    name: 'unknown-keys',
    why: 'Later dispatchers add keys to HELLO, and the plugin has to work with them.',
    formats: ['protocol'],
    play: unknownKeys,
  },
  {
    kind: 'scene',
    name: 'later-version',
    why: 'HELLO names the highest version there is; a plugin answers by the one it knows.',
    formats: ['protocol'],
    play: laterVersion,
  },
  {
    kind: 'scene',
    name: 'comments',
    why: 'Lines that begin with # and empty lines mean nothing, in both directions.',
    formats: ['protocol'],
    play: comments,
  },
  {
    kind: 'scene',
    name: 'errors',
    why: 'ERR tells of a mistake and asks for nothing; a plugin that ends by it is only started again.',
    formats: ['protocol'],
    play: errors,
  },
  {
    kind: 'scene',
    name: 'unknown-lines',
    why: 'Later dispatchers may say more, by verbs that mean nothing to a plugin of today.',
    formats: ['protocol'],
    play: unknownLines,
  },
]
