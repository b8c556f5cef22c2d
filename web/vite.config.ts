/** Builds the pages: hashed assets, each with a compressed copy beside it, and nothing inline. */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { defineConfig, type Plugin } from 'vite'

const SMALLEST_WORTH_PACKING = 1024

function precompress(): Plugin {
  let folder = ''
  return {
    name: 'precompress',
    configResolved(config) {
      folder = config.build.outDir
    },
    closeBundle() {
      for (const entry of readdirSync(join(folder, 'assets'))) {
        const path = join(folder, 'assets', entry)
        const bytes = readFileSync(path)
        if (bytes.length < SMALLEST_WORTH_PACKING || !/\.(js|css|svg)$/.test(entry)) continue
        writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }))
        writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }))
      }
    },
  }
}

export default defineConfig({
  base: '/',
  build: { target: 'es2023', assetsInlineLimit: 0, modulePreload: { polyfill: false }, cssMinify: true },
  plugins: [precompress()],
})
