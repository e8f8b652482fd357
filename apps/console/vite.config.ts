import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** `TIERDECK_URL` is the control plane that the development server forwards to. */
const controlPlane = process.env['TIERDECK_URL'] ?? 'http://127.0.0.1:4000';

export default defineConfig({
  root: import.meta.dirname,
  base: '/',
  plugins: [react()],
  build: {
    outDir: '../../dist/apps/console',
    emptyOutDir: true,
    target: 'es2023',
    sourcemap: false,
    chunkSizeWarningLimit: 900,
  },
  server: {
    host: '127.0.0.1',
    port: 4200,
    proxy: { '/graphql': { target: controlPlane, ws: true }, '/backups': controlPlane },
  },
});
