import type { SdkToken } from './sdk-tokens.query.js';

type Kind = SdkToken['kind'];

/** What a token of each kind is for. */
export const kindTexts = {
  CLIENT: ['Service', 'Reads the rules of flags and decides by itself. Stays on the server.'],
  FRONTEND: ['Browser or app', 'Asks for decisions alone, never sees a rule. May be public.'],
  RUNTIME: ['Data plane', 'Reads where tenants are and what they may use. Stays on the server.'],
} satisfies Record<Kind, [title: string, text: string]>;

/** Where each kind is used first: something to try the token with. */
export function exampleOf(kind: Kind, secret: string): { title: string; text: string } {
  const { origin } = window.location;
  switch (kind) {
    case 'CLIENT':
      return {
        title: 'With any Unleash SDK, here that of Node.js',
        text: [
          `import { initialize } from 'unleash-client';`,
          ``,
          `const flags = initialize({`,
          `  url: '${origin}/api',`,
          `  appName: 'orders',`,
          `  customHeaders: { Authorization: '${secret}' },`,
          `});`,
        ].join('\n'),
      };
    case 'FRONTEND':
      return {
        title: 'What a browser would ask',
        text: `curl ${origin}/api/frontend -H 'Authorization: ${secret}'`,
      };
    case 'RUNTIME':
      return {
        title: 'What the runtime reads',
        text: `curl ${origin}/runtime/snapshot -H 'Authorization: Bearer ${secret}'`,
      };
  }
}
