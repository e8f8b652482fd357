import { Body, Controller, Get, Headers, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import {
  listOrders,
  OrdersService,
  readOrder,
  requestDigest,
  type Order,
  type OrderSummary,
} from '#distribution';
import { TierdeckRuntime, type RuntimeTenant } from '#runtime';
import { idempotencyKey, orderRequest, ordersRequest, parse } from './requests.js';
import { CurrentTenant } from './tenant.decorator.js';

@Controller('orders')
export class OrdersController {
  constructor(
    private readonly orders: OrdersService,
    private readonly runtime: TierdeckRuntime,
  ) {}

  @Post()
  async place(
    @CurrentTenant() tenant: RuntimeTenant,
    @Body() body: unknown,
    @Headers('idempotency-key') keyHeader: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Order> {
    const key = parse(idempotencyKey, keyHeader, 'Idempotency-Key');
    const request = parse(orderRequest, body);
    const idempotency =
      key === undefined ? undefined : { key, digest: requestDigest('POST /orders', request) };
    const answer = await this.orders.place(tenant, request, idempotency);
    void reply.status(answer.status).header('location', `/orders/${answer.body.id}`);
    if (answer.replayed) void reply.header('idempotency-replayed', 'true');
    return answer.body;
  }

  @Get()
  async list(
    @CurrentTenant() tenant: RuntimeTenant,
    @Query() query: unknown,
  ): Promise<{ orders: OrderSummary[] }> {
    const filter = parse(ordersRequest, query);
    return { orders: await listOrders(this.runtime.database(tenant), filter) };
  }

  @Get(':id')
  read(@CurrentTenant() tenant: RuntimeTenant, @Param('id') id: string): Promise<Order> {
    return readOrder(this.runtime.database(tenant), id);
  }
}
