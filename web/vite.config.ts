/** Builds the pages: hashed assets, each with a compressed copy beside it, and nothing inline. */

import { defineConfig } from 'vite'

import { BROWSERS, precompress } from './building.ts'

export default defineConfig({
  base: '/',
  build: { target: 'es2023', cssTarget: BROWSERS, assetsInlineLimit: 0, modulePreload: { polyfill: false }, cssMinify: true },
  plugins: [precompress()],
})
