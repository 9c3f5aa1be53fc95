// The cores that the explorer drives: in one place, so that a copy of the built files with a mistake in them can stand here instead.

export {
  initialSender,
  senderDeadline,
  stepSender,
  type SenderState,
  type SenderStep,
} from '../../src/remote/sender-core.js'
export type {
  Point,
  SenderEffect,
  SenderInput,
  SenderOptions,
  SenderView,
  SpoolFacts,
} from '../../src/remote/sender-input.js'
export { initialReceiver, ReceiverCore, type ReceiverSnapshot } from '../../src/remote/receiver-core.js'
export type { ArrivedBlock, ReceiverEffect, ReceiverInput, ReceiverOptions } from '../../src/remote/receiver-input.js'
