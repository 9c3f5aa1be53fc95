// A plain bar plot, as SVG that is legible on a light and on a dark page.

/** One bar; `tone` says whose it is. */
export interface Bar {
  readonly label: string
  readonly value: number
  readonly text: string
  readonly tone: 'ours' | 'ours-jitless' | 'limit' | 'peer'
}

/** Bars that share a scale. */
export interface Panel {
  readonly title: string
  readonly groups: readonly { readonly title: string; readonly bars: readonly Bar[] }[]
}

const WIDTH = 820
const LABEL_WIDTH = 210
const VALUE_WIDTH = 110
const BAR_HEIGHT = 15
const ROW_HEIGHT = 19
const TITLE_HEIGHT = 24
const GROUP_HEIGHT = 26
const MARGIN = 16
const BAR_SPACE = WIDTH - LABEL_WIDTH - VALUE_WIDTH

const STYLE = [
  'text { font: 12px system-ui, sans-serif; fill: #24292f }',
  '.title { font-size: 14px; font-weight: 600 }',
  '.group { font-weight: 600 }',
  '.ours { fill: #2f6fde } .ours-jitless { fill: #7aa5ee } .limit { fill: #8b949e } .peer { fill: #d08025 }',
  '@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .ours { fill: #4c8dff } .ours-jitless { fill: #2d5eb0 } }',
].join('\n')

export function plot(panels: readonly Panel[]): string {
  let y = MARGIN
  const parts: string[] = []
  for (const panel of panels) {
    const drawn = drawPanel(panel, y)
    parts.push(drawn.svg)
    y = drawn.end + MARGIN
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" viewBox="0 0 ${WIDTH} ${y}" role="img">\n<style>\n${STYLE}\n</style>\n${parts.join('')}</svg>\n`
}

function drawPanel(panel: Panel, top: number): { readonly svg: string; readonly end: number } {
  const values = panel.groups.flatMap(({ bars }) => bars.map(({ value }) => value))
  const most = Math.max(0, ...values)
  const scale = most > 0 ? BAR_SPACE / most : 0
  let y = top + TITLE_HEIGHT
  const parts = [words(MARGIN, top + 16, panel.title, 'title')]
  for (const { title, bars } of panel.groups) {
    parts.push(words(MARGIN, y + 16, title, 'group'))
    y += GROUP_HEIGHT
    for (const bar of bars) {
      parts.push(drawBar(bar, y, scale))
      y += ROW_HEIGHT
    }
  }
  return { svg: parts.join(''), end: y }
}

function drawBar({ label, value, text, tone }: Bar, y: number, scale: number): string {
  const width = Math.max(1, value * scale).toFixed(1)
  const baseline = y + BAR_HEIGHT - 3
  const end = LABEL_WIDTH + Number(width) + 6
  return (
    words(LABEL_WIDTH - 8, baseline, label, '', 'end') +
    `<rect class="${tone}" x="${LABEL_WIDTH}" y="${y}" width="${width}" height="${BAR_HEIGHT}" rx="2"/>\n` +
    words(end, baseline, text, '')
  )
}

function words(x: number, y: number, text: string, style: string, anchor: 'start' | 'end' = 'start'): string {
  const classes = style === '' ? '' : ` class="${style}"`
  return `<text x="${x.toFixed(1)}" y="${y}" text-anchor="${anchor}"${classes}>${escape(text)}</text>\n`
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
