export const tenantTabs = [
  'overview',
  'units',
  'flags',
  'quotas',
  'backups',
  'operations',
  'dead-letters',
  'audit',
] as const;
export type TenantTab = (typeof tenantTabs)[number];
