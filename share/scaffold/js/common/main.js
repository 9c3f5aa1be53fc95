import { runPlugin } from 'audispd/sdk'
import { plugin } from './plugin.js'

await runPlugin(plugin)
