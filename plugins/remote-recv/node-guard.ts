import { NodeCheck } from './node-check.js'

export type NodeCheckMode = 'off' | 'warn' | 'enforce'

/** Records of a principal claim another's node. */
export interface StrangeNode {
  readonly what: 'strange-node'
  readonly principal: string
  readonly node: string
  readonly isRefused: boolean
}

/** Principals whose names are kept ready. */
const MAX_CHECKS = 10_000

/** What is done about records that claim another's node, whatever protocol they came by. */
export class NodeGuard {
  readonly #namesOf: (principal: string) => readonly string[]
  readonly #alarm: (alarm: StrangeNode) => void
  readonly #checks = new Map<string, NodeCheck>()
  /** What was told of each last: a sender that is let go on says the same with every record. */
  readonly #told = new Map<string, string>()
  #mode: NodeCheckMode

  constructor(
    mode: NodeCheckMode,
    namesOf: (principal: string) => readonly string[],
    alarm: (alarm: StrangeNode) => void,
  ) {
    this.#mode = mode
    this.#namesOf = namesOf
    this.#alarm = alarm
  }

  /** Names may have changed too. */
  use(mode: NodeCheckMode): void {
    this.#mode = mode
    this.#checks.clear()
    this.#told.clear()
  }

  /** Whether these lines of a principal may be taken; what is strange is told. */
  allows(principal: string, lines: Buffer): boolean {
    if (this.#mode === 'off') return true
    const node = this.#checkOf(principal).stranger(lines)
    if (node === undefined) return true
    const isRefused = this.#mode === 'enforce'
    if (isRefused || this.#told.get(principal) !== node)
      this.#alarm({ what: 'strange-node', principal, node, isRefused })
    if (this.#told.size >= MAX_CHECKS) this.#told.clear()
    this.#told.set(principal, node)
    return !isRefused
  }

  #checkOf(principal: string): NodeCheck {
    const known = this.#checks.get(principal)
    if (known !== undefined) return known
    if (this.#checks.size >= MAX_CHECKS) this.#checks.clear()
    const check = new NodeCheck(this.#namesOf(principal))
    this.#checks.set(principal, check)
    return check
  }
}
