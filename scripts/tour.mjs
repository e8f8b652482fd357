import './node-version.mjs';
import { build } from './build.mjs';

try {
  await build();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
process.chdir(new URL('..', import.meta.url).pathname);
await import('../dist/apps/tour/src/main.js');
