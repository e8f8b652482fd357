import { Controller, Get, Query } from '@nestjs/common';
import {
  listAccounts,
  listBranches,
  listItems,
  type AccountSummary,
  type BranchSummary,
  type ItemSummary,
} from '#distribution';
import { TierdeckRuntime, type RuntimeTenant } from '#runtime';
import { pageRequest, parse } from './requests.js';
import { CurrentTenant } from './tenant.decorator.js';

/** What a newcomer needs to write a first order: `?limit=` up to 200, `?after=` the last key, `?search=`. */
@Controller()
export class CatalogueController {
  constructor(private readonly runtime: TierdeckRuntime) {}

  @Get('items')
  async items(
    @CurrentTenant() tenant: RuntimeTenant,
    @Query() query: unknown,
  ): Promise<{ items: ItemSummary[] }> {
    return { items: await listItems(this.runtime.database(tenant), parse(pageRequest, query)) };
  }

  @Get('accounts')
  async accounts(
    @CurrentTenant() tenant: RuntimeTenant,
    @Query() query: unknown,
  ): Promise<{ accounts: AccountSummary[] }> {
    return { accounts: await listAccounts(this.runtime.database(tenant), parse(pageRequest, query)) };
  }

  @Get('branches')
  async branches(
    @CurrentTenant() tenant: RuntimeTenant,
    @Query() query: unknown,
  ): Promise<{ branches: BranchSummary[] }> {
    return { branches: await listBranches(this.runtime.database(tenant), parse(pageRequest, query)) };
  }
}
