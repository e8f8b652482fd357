import type { IncomingHttpHeaders } from 'node:http';

/** How an SDK gets its flags. */
export type FetchMode = 'POLLING' | 'DELTA' | 'STREAMING';

/** A connected instance of a service, as its SDK names itself. */
export interface Instance {
  /** Of its connection, or made of service and instance for SDKs that name none. */
  id: string;
  service: string;
  instance: string;
  sdk: string | null;
  /** Pause between two polls in milliseconds, if it says so. */
  intervalMs: number | null;
}

/** What an instance has applied. */
export interface Receipt extends Instance {
  mode: FetchMode;
  tenantId: string | null;
  /** Everything up to this revision that concerns the instance. */
  appliedRevision: number;
}

/** @returns undefined for a client that does not say which service it is, such as a script. */
export function instanceOf(headers: IncomingHttpHeaders): Instance | undefined {
  const service = text(headers['unleash-appname'], 200);
  if (service === undefined) return undefined;
  const instance = text(headers['unleash-instanceid'], 200) ?? 'unnamed';
  const connection = text(headers['unleash-connection-id'], 100);
  const interval = Number(headers['unleash-interval']);
  return {
    id: connection ?? `${service.slice(0, 120)} ${instance.slice(0, 120)}`,
    service,
    instance,
    sdk: text(headers['unleash-sdk'], 100) ?? null,
    intervalMs: Number.isInteger(interval) && interval > 0 && interval < 86_400_000 ? interval : null,
  };
}

/** Names an instance across tenants: what one of them calls its own is no other's, whatever it is called. */
export function storedId({ id, tenantId }: Pick<Receipt, 'id' | 'tenantId'>): string {
  return tenantId === null ? id : `${tenantId} ${id}`;
}

function text(header: string | string[] | undefined, maxLength: number): string | undefined {
  return typeof header === 'string' && header !== '' ? header.slice(0, maxLength) : undefined;
}
