// Makes the Debians that the packages are tried on, while the packages are built.

import { makeBase, noMachines } from './machine.js'

const why = noMachines()
if (why === false) {
  makeBase('bookworm', false)
  makeBase('trixie', true)
} else process.stdout.write(`no machines are made: ${why}\n`)
