import { RequestMethod, type Type } from '@nestjs/common';
import type { Finding } from './finding.js';

export interface Route {
  method: 'GET' | 'POST';
  /** With `:name` for each part that the caller chooses. */
  path: string;
}

export interface HttpAnswer {
  status: number;
  body: unknown;
}

export type Call = (
  route: Route['method'],
  path: string,
  options: { body?: unknown; headers?: Record<string, string> },
) => Promise<HttpAnswer>;

/** The routes of Nest controllers, read from what their decorators left behind. */
export function routesOf(controllers: readonly Type[]): Route[] {
  return controllers.flatMap((controller) => {
    const prefix = String(Reflect.getMetadata('path', controller) ?? '');
    const handlers = Object.entries(Object.getOwnPropertyDescriptors(controller.prototype)).flatMap(
      ([name, { value }]) => (name === 'constructor' ? [] : [value as object]),
    );
    return handlers.flatMap((handler): Route[] => {
      const path: unknown = Reflect.getMetadata('path', handler);
      if (typeof path !== 'string') return [];
      const method = Reflect.getMetadata('method', handler) === RequestMethod.POST ? 'POST' : 'GET';
      return [{ method, path: `/${prefix}/${path}`.replaceAll(/\/+/g, '/').replace(/(.)\/$/, '$1') }];
    });
  });
}

/** Names that a caller may try in order to be somebody else, or to reach what is somebody else's. */
const names = ['tenant', 'tenantId', 'tenant_id', 'account', 'branch', 'search', 'after', 'warehouse'];

/**
 * Calls a route with everything that the victim owns, and once more with the like that nobody owns: both answers must
 * be the same but for the value itself, or they tell that the one exists.
 * @param secrets what must be in no answer, unless it was in the request.
 */
export async function attackRoute(
  call: Call,
  route: Route,
  owned: readonly string[],
  unknown: (owned: string) => string,
  secrets: readonly string[],
): Promise<Finding[]> {
  const object = `${route.method} ${route.path}`;
  const findings = new Map<string, Finding>();
  for (const value of owned) {
    const [own = '', other = ''] = await Promise.all(
      [value, unknown(value)].map(async (given) => {
        const { status, body } = await call(route.method, ...requestWith(route, given));
        return `${status} ${JSON.stringify(body)}`
          .replaceAll(encodeURIComponent(given), '…')
          .replaceAll(given, '…');
      }),
    );
    if (own !== other) findings.set('exists', { attack: 'learn of a row', object, got: 'another answer' });
    if (secrets.some((secret) => own.includes(secret))) {
      findings.set('read', { attack: 'read another tenant', object, got: 'its data' });
    }
  }
  return [...findings.values()];
}

function requestWith(
  { method, path }: Route,
  value: string,
): [string, { body?: unknown; headers: Record<string, string> }] {
  const query = names.map((name) => `${name}=${encodeURIComponent(value)}`).join('&');
  const address = `${path.replaceAll(/:\w+/g, encodeURIComponent(value))}?${query}`;
  const headers = { 'x-tenant': value, 'x-tenant-id': value, 'x-forwarded-user': value };
  if (method === 'GET') return [address, { headers }];
  const line = { sku: value, quantity: 1 };
  const body = { ...Object.fromEntries(names.map((name) => [name, value])), lines: [line], quantity: 1 };
  return [address, { body, headers }];
}
