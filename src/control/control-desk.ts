import type { Access } from './greeting.js'
import type { Request } from './request.js'

/** What is answered at once and has no sequel. */
export type Question = Exclude<Request, { readonly verb: 'tap' } | { readonly verb: 'logs' }>

/** What follows an answer for as long as the connection lasts. It holds what waits, within its own bounds. */
export interface Spring {
  /** The next bytes, about so many at most, valid until the next call; undefined when there are none at the moment. */
  take(maxBytes: number): Buffer | undefined
  close(): void
}

/** An answer and, where there is one, what follows it. */
export interface Answer {
  readonly result: unknown
  readonly spring: Spring | undefined
}

/** Where requests are dealt with. What cannot be done is thrown as a ControlError. */
export interface ControlDesk {
  /** `access`: who asks; not all see all. */
  ask(question: Question, access: Access): Promise<unknown>
  /** `onMore`: there is something to take, where there was nothing. */
  tap(selector: string, onMore: () => void): Answer
  logs(plugin: string | undefined, follow: boolean, onMore: () => void): Answer
}
