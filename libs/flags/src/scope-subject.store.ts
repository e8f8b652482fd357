import { rowsOf, type Transaction } from '#platform';
import { isUnitScope, tenantOfScope, type FlagScope } from './flag.js';

/** What is known of a scope's subject. Read in the transaction, so that a tenant applied in it counts. */
export interface ScopeSubject {
  exists: boolean;
  /** Of the tenant that the scope belongs to, if there is one. */
  tenantId: string | undefined;
}

export async function scopeSubject(tx: Transaction, scope: FlagScope): Promise<ScopeSubject> {
  if (scope.kind === 'REGION') {
    const [row] = await rowsOf<{ known: boolean }>(
      tx,
      `select exists (select from tenant where region = $1)
         or exists (select from database_cluster where region = $1) as known`,
      [scope.key],
    );
    return { exists: row?.known ?? false, tenantId: undefined };
  }
  const slug = tenantOfScope(scope);
  if (slug === undefined) return { exists: true, tenantId: undefined };
  const unit = isUnitScope(scope.kind);
  const [row] = await rowsOf<{ id: string; known: boolean }>(
    tx,
    `select t.id, not $2 or exists (
       select from unit u where u.tenant_id = t.id and u.kind = $3 and u.code = $4) as known
     from tenant t where t.slug = $1 and t.status <> 'OFFBOARDED'`,
    [slug, unit, scope.kind, scope.key.slice(slug.length + 1)],
  );
  return { exists: row?.known ?? false, tenantId: row?.id };
}
