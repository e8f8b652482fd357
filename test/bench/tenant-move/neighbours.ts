import type { TenantScope } from '../../../libs/runtime/src/index.js';

/** What other tenants do meanwhile: mostly reads of an order page's kind, now and then a write; one tenant in turn. */
export function neighbourCall(scopes: readonly TenantScope[]): (n: number) => Promise<void> {
  return async (n) => {
    const scope = scopes[n % scopes.length] as TenantScope;
    const item = `I${1 + (n % 100)}`;
    switch (n % 5) {
      case 0:
        await scope.query('select * from item where sku = $1', [item]);
        break;
      case 1:
        await scope.query(
          'select code, unit_price from price_rule where item = $1 order by min_qty limit 20',
          [item],
        );
        break;
      case 2:
        await scope.query(
          `select o.id, o.total, l.item, l.qty from sales_order o join sales_order_line l on l.order_id = o.id
           where o.account = $1 order by o.created_at desc limit 20`,
          [`A${1 + (n % 100)}`],
        );
        break;
      case 3:
        await scope.query('select item, on_hand, allocated from stock where item = $1', [item]);
        break;
      default:
        await scope.query(
          `update stock set on_hand = on_hand + 1, updated_at = now() where item = $1 and warehouse = 'W1'`,
          [item],
        );
    }
  };
}
