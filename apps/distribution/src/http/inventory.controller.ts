import { Controller, Get, Param } from '@nestjs/common';
import { readInventory, type Inventory } from '#distribution';
import { TierdeckRuntime, type RuntimeTenant } from '#runtime';
import { parse, pathCode } from './requests.js';
import { CurrentTenant } from './tenant.decorator.js';

@Controller('inventory')
export class InventoryController {
  constructor(private readonly runtime: TierdeckRuntime) {}

  @Get(':sku')
  async read(@CurrentTenant() tenant: RuntimeTenant, @Param('sku') sku: string): Promise<Inventory> {
    return readInventory(this.runtime.database(tenant), parse(pathCode, sku, 'sku'));
  }
}
