// The command line as audisp-syslog takes it: a priority, a facility and `interpret`, in any order and any number.

import { didYouMean } from '../../src/config/did-you-mean.js'
import type { Parsed } from '../../src/config/value.js'
import { DEFAULT_CONFIG, type SyslogConfig } from './config.js'
import { wordMeaning } from './priority.js'

const EXAMPLES = ['LOG_INFO', 'LOG_WARNING', 'LOG_NOTICE', 'LOG_DEBUG', 'LOG_LOCAL0', 'LOG_USER', 'interpret']

/** To /dev/log, byte for byte as audisp-syslog. Like there, a broken or absent server is not sent anything twice. */
export function configOfWords(words: readonly string[]): Parsed<SyslogConfig> {
  let config: SyslogConfig = { ...DEFAULT_CONFIG, compat: 'audisp-syslog', sendEoe: true, resend: false }
  for (const word of words) {
    const meaning = wordMeaning(word)
    if (meaning === undefined)
      return {
        mistake: `'${word}' is no priority, no facility and not 'interpret'${didYouMean(word, EXAMPLES)}; a file is named by its absolute path`,
      }
    config = meaning === 'interpret' ? { ...config, interpret: true } : { ...config, ...meaning }
  }
  return { value: config }
}
