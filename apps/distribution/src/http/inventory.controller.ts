import { Body, Controller, Get, Headers, Param, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import {
  once,
  readInventory,
  receiveStock,
  requestDigest,
  UnleashDecider,
  type Inventory,
  type ReceivedStock,
} from '#distribution';
import { TierdeckRuntime, type RuntimeTenant, type TenantQueryable } from '#runtime';
import { idempotencyKey, parse, pathCode, receiptRequest } from './requests.js';
import { CurrentTenant } from './tenant.decorator.js';

@Controller('inventory')
export class InventoryController {
  constructor(
    private readonly runtime: TierdeckRuntime,
    private readonly flags: UnleashDecider,
  ) {}

  @Get(':sku')
  async read(@CurrentTenant() tenant: RuntimeTenant, @Param('sku') sku: string): Promise<Inventory> {
    return readInventory(this.runtime.database(tenant), parse(pathCode, sku, 'sku'));
  }

  /** Takes a delivery in; what is owed is served from it at once. */
  @Post(':sku/receipts')
  async receive(
    @CurrentTenant() tenant: RuntimeTenant,
    @Param('sku') sku: string,
    @Body() body: unknown,
    @Headers('idempotency-key') keyHeader: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReceivedStock> {
    const key = parse(idempotencyKey, keyHeader, 'Idempotency-Key');
    const receipt = { sku: parse(pathCode, sku, 'sku'), ...parse(receiptRequest, body) };
    const work = async (tx: TenantQueryable): Promise<{ status: number; body: ReceivedStock }> => ({
      status: 201,
      body: await receiveStock(tx, tenant, this.flags, receipt),
    });
    const answer = await this.runtime.database(tenant).transaction(async (tx) => {
      if (key === undefined) return { ...(await work(tx)), replayed: false };
      const digest = requestDigest('POST /inventory/receipts', receipt);
      return once(tx, { key, digest }, () => work(tx));
    });
    void reply.status(answer.status);
    if (answer.replayed) void reply.header('idempotency-replayed', 'true');
    return answer.body;
  }
}
