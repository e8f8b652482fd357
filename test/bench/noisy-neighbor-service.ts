/** A service on libs/runtime in a process of its own; tells its parent the port. Each request is a transaction. */
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import { admitTenants, TierdeckRuntime, tenantOf, type RuntimeTenant } from '#runtime';

const runtime = await TierdeckRuntime.start({
  url: process.env['TIERDECK_URL'] ?? '',
  token: process.env['TIERDECK_RUNTIME_TOKEN'] ?? '',
  dataDir: process.env['TIERDECK_DATA_DIR'] ?? '',
  service: 'bench',
});

async function order(tenant: RuntimeTenant): Promise<object[]> {
  return runtime.database(tenant).transaction(async (tx) => {
    const sku = `sku-${1 + Math.floor(Math.random() * 2_000)}`;
    await tx.query('update item set quantity = quantity + 1 where sku = $1', [sku]);
    const { rows } = await tx.query('select sku, quantity from item order by quantity desc, sku limit 50');
    return rows;
  });
}

const fastify = Fastify();
admitTenants(fastify, runtime);
fastify.get('/order', (request) => order(tenantOf(request)));
await fastify.listen({ port: 0, host: '127.0.0.1' });
process.send?.((fastify.server.address() as AddressInfo).port);
process.once('disconnect', () => process.exit(0));
