#!/usr/bin/env node
import '../../../scripts/node-version.mjs';
import { existsSync } from 'node:fs';

const built = new URL('../../../dist/apps/cli/src/main.js', import.meta.url);
if (!existsSync(built)) {
  process.stderr.write('The command is not built yet. Run: npm run build\n');
  process.exit(1);
}
await import(built.href);
