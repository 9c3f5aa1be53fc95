// Numbers that a host has names for.

import type { Accounts } from './accounts.js'
import { namesIn } from '../name-table.js'
import { SOCKET_LEVELS } from '../tables/auparse-names.js'
import { numbered } from './number-names.js'
import type { Reading } from './number-names.js'

const UNSET = 0xffffffff
const SOL_SOCKET = 1
/** libauparse has a buffer of 64 for a name. */
const MAX_NAME_CHARS = 63

/** The readings that need a host's accounts. */
export class HostNames {
  readonly user: Reading
  readonly userArgument: Reading
  readonly group: Reading
  readonly groupArgument: Reading
  readonly protocol: Reading
  readonly protocolArgument: Reading
  readonly socketLevel: Reading

  constructor({ users, groups, protocols }: Accounts) {
    this.user = numbered(10, (number) => accountName(users, number))
    this.userArgument = numbered(16, (number) => accountName(users, number))
    this.group = numbered(10, (number) => accountName(groups, number))
    this.groupArgument = numbered(16, (number) => accountName(groups, number))
    this.protocol = numbered(10, (number) => protocols.get(number) ?? 'undefined protocol')
    this.protocolArgument = numbered(16, (number, value) => protocols.get(number) ?? `unknown-proto(${value})`)
    this.socketLevel = numbered(16, (number, value) => {
      if (number === SOL_SOCKET) return 'SOL_SOCKET'
      return protocols.get(number) ?? namesIn(SOCKET_LEVELS).get(number) ?? `unknown-sockopt-level(0x${value})`
    })
  }
}

/** Number 0 is root everywhere, whatever it is called on the host. */
function accountName(accounts: ReadonlyMap<number, string>, number: number): string {
  if (number === UNSET) return 'unset'
  if (number === 0) return 'root'
  return accounts.get(number)?.slice(0, MAX_NAME_CHARS) ?? `unknown(${number | 0})`
}
