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
      input: {
        index: 'index.html',
        'jobs-worker': 'src/client/jobs-worker.ts',
        'digest-worker': 'src/elements/digest-worker.ts',
      },
      // A worker has one address for all versions: tabs of different ones share it, and a page may only start known ones.
      output: { entryFileNames: ({ name }) => (name.endsWith('-worker') ? '[name].js' : 'assets/[name]-[hash].js') },
    },
  },
  plugins: [precompress()],
})
