export const tenantTabs = [
  'overview',
  'placement',
  'units',
  'flags',
  'quotas',
  'backups',
  'lifecycle',
  'operations',
  'dead-letters',
  'audit',
] as const;
export type TenantTab = (typeof tenantTabs)[number];
