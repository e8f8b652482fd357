import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { makeQuote, Shadow, UnleashDecider, type Quote } from '#distribution';
import { TierdeckRuntime, type RuntimeTenant } from '#runtime';
import { parse, quoteRequest } from './requests.js';
import { CurrentTenant } from './tenant.decorator.js';

@Controller('quotes')
export class QuotesController {
  constructor(
    private readonly runtime: TierdeckRuntime,
    private readonly flags: UnleashDecider,
    private readonly shadow: Shadow,
  ) {}

  /** 200, not 201: a quote is an answer, nothing is kept of it. */
  @Post()
  @HttpCode(200)
  async quote(@CurrentTenant() tenant: RuntimeTenant, @Body() body: unknown): Promise<Quote> {
    const request = parse(quoteRequest, body);
    // Not one transaction: under read committed each statement would see a state of its own just the same.
    return makeQuote(this.runtime.database(tenant), tenant, this.flags, request, this.shadow);
  }
}
