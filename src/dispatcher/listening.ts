import type { PluginProcess } from './plugin-process.js'
import type { PluginSide } from './plugin-side.js'

/** Whether a plugin that sends is listened to. It is not while too much of what it sent is unsettled, or nobody may send. */
export class Listening {
  readonly #side: PluginSide
  #isListening = true

  constructor(side: PluginSide) {
    this.#side = side
  }

  /** Another process is there. */
  begin(): void {
    this.#isListening = true
  }

  /** `isGreeting`: READY has its time, however long the door is shut. */
  mind(process: PluginProcess | undefined, isDoorShut: boolean, isGreeting: boolean): void {
    const { inlet, isAlwaysHeard } = this.#side
    if (inlet === undefined || isAlwaysHeard) return
    const hasRoom = this.#isListening ? !inlet.isFull : inlet.hasRoom
    const isListening = isGreeting || (!isDoorShut && hasRoom)
    if (isListening === this.#isListening) return
    this.#isListening = isListening
    process?.setListening(isListening)
    this.#side.setListening(isListening)
  }
}
