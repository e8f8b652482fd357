/**
 * Lets Node run the TypeScript sources, for tests that need a process of their own:
 * `node --conditions=source --import ./test/support/swc-loader.mjs some/process.ts`.
 */
import { register } from 'node:module';

register('./swc-hooks.mjs', import.meta.url);
