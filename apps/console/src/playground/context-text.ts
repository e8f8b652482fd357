import type { PlaygroundInput } from './playground.query.js';

export type AskedContext = NonNullable<PlaygroundInput['contexts']>[number];

/**
 * A context as people write it: a tenant or `tenant/branch`, then any of `user:ann`, `warehouse:w1`, `account:ALFKI` and
 * free fields as `plan=gold`, apart by spaces.
 */
export function parseContext(text: string): AskedContext {
  const context: AskedContext = {};
  const properties: Record<string, string> = {};
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const [, name, value] = /^(user|warehouse|account):(.+)$/.exec(word) ?? [];
    const [, field, text] = /^([^=]+)=(.*)$/.exec(word) ?? [];
    if (name === 'user') context.userId = value ?? null;
    else if (name === 'warehouse') context.warehouse = value ?? null;
    else if (name === 'account') context.account = value ?? null;
    else if (field) properties[field] = text ?? '';
    else {
      const [tenant, ...branch] = word.split('/');
      context.tenant = tenant ?? null;
      if (branch.length > 0) context.branch = branch.join('/');
    }
  }
  return Object.keys(properties).length > 0 ? { ...context, properties } : context;
}

const places = ['account', 'warehouse', 'branch', 'tenant'];
/** The platform knows these of a tenant; they say nothing that its name does not. */
const known = [...places, 'tier', 'region', 'userId'];

/** What a context is called in a table. */
export function contextLabel(context: Readonly<Record<string, string>> | undefined): string {
  if (!context) return '';
  const place = places.map((name) => context[name]).find(Boolean);
  const free = Object.entries(context)
    .filter(([name]) => !known.includes(name))
    .map(([name, value]) => `${name}=${value}`);
  return [place ?? 'nobody', context['userId'] && `user ${context['userId']}`, ...free]
    .filter(Boolean)
    .join(', ');
}
