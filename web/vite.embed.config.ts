/** Builds the elements that pages of others load, each as a module of its own that needs nothing else of these pages. */

import { defineConfig } from 'vite'

import { BROWSERS, precompress } from './building.ts'

export default defineConfig({
  base: './',
  publicDir: false,
  build: {
    target: 'es2023',
    cssTarget: BROWSERS,
    modulePreload: false,
    lib: {
      entry: {
        'headway-jobs': 'src/elements/headway-jobs.ts',
        'headway-importer': 'src/elements/embed-importer.ts',
      },
      formats: ['es'],
    },
    // Said here too, because for libraries Vite leaves the blanks and comments.
    rollupOptions: { output: { entryFileNames: '[name].js', chunkFileNames: 'embed/[name]-[hash].js', minify: true } },
    minify: true,
  },
  plugins: [precompress()],
})
