import { Injectable } from '@nestjs/common';
import type { Command } from '#audit';
import { InvalidInputError, NotFoundError, rowsOf, SecretBox } from '#platform';
import { WorkerPoolInUseError, WorkerPoolTakenError } from './worker-pools.errors.js';

/** A Kubernetes namespace in which workers of single tenants may run. */
export interface NewWorkerPool {
  name: string;
  region?: string | null | undefined;
  capacity: number;
  apiServer: string;
  namespace: string;
  image: string;
  environmentSecret: string;
  caCertificate?: string | null | undefined;
  token: string;
}

/** RFC 1123: what Kubernetes takes as a name. */
const dnsLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const rules: [keyof NewWorkerPool, RegExp, string][] = [
  ['name', /^[a-z][a-z0-9-]{0,62}$/, 'must be a lower-case name of at most 63 characters'],
  [
    'apiServer',
    /^(https:\/\/[\w.:[\]-]{1,250}|http:\/\/(127\.0\.0\.1|localhost)(:\d+)?)$/,
    'must be an address such as https://10.0.0.1:6443',
  ],
  ['namespace', dnsLabel, 'must be a name of a namespace'],
  ['environmentSecret', /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, 'must be a name of a Secret'],
  ['image', /^[\w./:@-]{1,500}$/, 'must be a reference of an image'],
  ['token', /^[\x21-\x7e]{1,8192}$/, 'must be a token of a service account'],
];
const maxCapacity = 100_000;

/** Commands on worker pools. */
@Injectable()
export class WorkerPoolsService {
  constructor(private readonly secrets: SecretBox) {}

  /** @throws InvalidInputError, WorkerPoolTakenError WORKER_POOL_TAKEN */
  async register(command: Command, pool: NewWorkerPool): Promise<void> {
    for (const [field, rule, problem] of rules) {
      if (!rule.test(String(pool[field]))) throw new InvalidInputError(`${field} ${problem}.`, { field });
    }
    if (!Number.isInteger(pool.capacity) || pool.capacity < 1 || pool.capacity > maxCapacity) {
      throw new InvalidInputError(`capacity must be between 1 and ${maxCapacity}.`, { field: 'capacity' });
    }
    if ((pool.caCertificate ?? '').length > 65_536) {
      throw new InvalidInputError('caCertificate must have at most 64 KiB.', { field: 'caCertificate' });
    }
    const { name, capacity, apiServer, namespace, image, environmentSecret } = pool;
    const [region, caCertificate] = [pool.region ?? null, pool.caCertificate ?? null];
    const made = await rowsOf(
      command.tx,
      `insert into worker_pool (name, kind, region, capacity, api_server, namespace, image, environment_secret,
         ca_certificate, token_sealed)
       values ($1, 'KUBERNETES', $2, $3, $4, $5, $6, $7, $8, $9) on conflict (name) do nothing returning name`,
      [
        name,
        region,
        capacity,
        apiServer,
        namespace,
        image,
        environmentSecret,
        caCertificate,
        this.secrets.seal(pool.token),
      ],
    );
    if (made.length === 0) throw new WorkerPoolTakenError(name);
    const after = { kind: 'KUBERNETES', region, capacity, apiServer, namespace, image, environmentSecret };
    await this.#record(command, 'worker-pool.registered', name, after);
  }

  /** It takes no further tenants; those it has stay. @throws WorkerPoolInUseError if no other one takes tenants. */
  async retire(command: Command, name: string): Promise<void> {
    await command.tx.query('lock table worker_pool in share row exclusive mode');
    const left = await rowsOf<{ name: string }>(
      command.tx,
      'select name from worker_pool where retired_at is null and capacity > 0',
    );
    const [found] = await rowsOf<{ retired: boolean }>(
      command.tx,
      'select retired_at is not null as retired from worker_pool where name = $1',
      [name],
    );
    if (!found) throw new NotFoundError('worker pool', name, { hint: 'tierdeck worker-pool list' });
    if (found.retired) return;
    if (left.every((pool) => pool.name === name)) throw new WorkerPoolInUseError(name);
    await command.tx.query('update worker_pool set retired_at = now() where name = $1', [name]);
    await this.#record(command, 'worker-pool.retired', name, { retired: true });
  }

  async #record(command: Command, action: string, name: string, after: object): Promise<void> {
    await command.record({ area: 'tenancy', action, subject: `worker-pool/${name}`, after });
  }
}
