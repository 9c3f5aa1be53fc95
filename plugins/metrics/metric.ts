/** What is exported under one name. */
export interface Metric {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly labels: readonly string[]
  /** What it counts or measures, such as `seconds`; '' is a yes or no. */
  readonly unit: string
  readonly help: string
}

export interface Sample {
  /** One for each label of the metric, in their order. */
  readonly labels: readonly string[]
  readonly value: number
}

/** A metric, with its values of one moment. */
export interface Family {
  readonly metric: Metric
  readonly samples: readonly Sample[]
}

/** Takes values as they are found, and gives them by metric, in the order in which the metrics came first. */
export class Families {
  readonly #samples = new Map<Metric, Sample[]>()

  /** A value that is none, such as that of a time that cannot be read, is left out. */
  add(metric: Metric, value: number, ...labels: readonly string[]): void {
    if (!Number.isFinite(value)) return
    const sample = { labels, value }
    const known = this.#samples.get(metric)
    if (known === undefined) this.#samples.set(metric, [sample])
    else known.push(sample)
  }

  addYesNo(metric: Metric, value: boolean, ...labels: readonly string[]): void {
    this.add(metric, value ? 1 : 0, ...labels)
  }

  all(): readonly Family[] {
    return [...this.#samples].map(([metric, samples]) => ({ metric, samples }))
  }
}
