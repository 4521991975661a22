import { fileURLToPath } from 'node:url'
import tailwindcss from '@tailwindcss/vite'
import { defineConfig, type UserConfig } from 'vite'

const root = fileURLToPath(new URL('.', import.meta.url))

/** The page. Its files have their hash in the name, so that a browser may keep them for ever. */
const config: UserConfig = defineConfig({
  root,
  base: '/',
  publicDir: 'public',
  plugins: [tailwindcss()],
  oxc: { jsx: { runtime: 'automatic' } },
  build: {
    outDir: fileURLToPath(new URL('../dist/web', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    // The chat, and the operator's page: neither loads the other.
    rolldownOptions: { input: ['index.html', 'streams.html'].map((name) => `${root}${name}`) },
    modulePreload: { polyfill: false },
    // Everything is a file of its own: a data: URL would need a wider policy.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 600,
  },
})

// eslint-disable-next-line import/no-default-export -- Vite reads the default export.
export default config
