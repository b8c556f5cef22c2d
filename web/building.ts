/** What the builds of the pages and of the elements have in common. */

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import type { Plugin } from 'vite'

/** The oldest that know `light-dark()`: rewritten for older ones, it depends on rules that a shadow root does not have. */
export const BROWSERS = ['chrome123', 'firefox120', 'safari17.5']

const SMALLEST_WORTH_PACKING = 1024

/** Put a compressed copy beside each asset: no server should do that again and again. */
export function precompress(): Plugin {
  let folder = ''
  return {
    name: 'precompress',
    configResolved(config) {
      folder = config.build.outDir
    },
    closeBundle() {
      for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
        if (!/\.(js|css|svg)$/.test(entry) || existsSync(join(folder, `${entry}.gz`))) continue
        const path = join(folder, entry)
        const bytes = readFileSync(path)
        if (bytes.length < SMALLEST_WORTH_PACKING) continue
        writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }))
        writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }))
      }
    },
  }
}
