/** Builds the pages: hashed assets, each with a compressed copy beside it, and nothing inline. */

import { defineConfig } from 'vite'

import { BROWSERS, precompress } from './building.ts'

export default defineConfig({
  base: '/',
  build: {
    target: 'es2023',
    cssTarget: BROWSERS,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    cssMinify: true,
    rollupOptions: {
      input: { index: 'index.html', 'jobs-worker': 'src/client/jobs-worker.ts' },
      // The worker has one address for all versions, so that tabs of different ones share it.
      output: { entryFileNames: ({ name }) => (name === 'jobs-worker' ? '[name].js' : 'assets/[name]-[hash].js') },
    },
  },
  plugins: [precompress()],
})
