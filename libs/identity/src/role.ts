/** What a bearer of a token may do; each role's permissions are the union below, nothing is implied. */
export const roles = ['viewer', 'product', 'account', 'release', 'operator', 'admin'] as const;
export type Role = (typeof roles)[number];

export type Permission =
  | 'read'
  | 'tenants:write'
  | 'placement:write'
  | 'operations:write'
  | 'flags:write'
  | 'releases:write'
  | 'releases:approve'
  | 'quotas:write'
  | 'tokens:write'
  /** How many approvals a change needs. */
  | 'policies:write';

const operator: Permission[] = [
  'read',
  'tenants:write',
  'placement:write',
  'operations:write',
  'flags:write',
  'releases:write',
  'releases:approve',
  'quotas:write',
];

const permissions: Record<Role, ReadonlySet<Permission>> = {
  viewer: new Set(['read']),
  product: new Set(['read', 'flags:write']),
  account: new Set(['read', 'placement:write', 'quotas:write']),
  release: new Set(['read', 'flags:write', 'releases:write', 'releases:approve']),
  operator: new Set(operator),
  admin: new Set([...operator, 'tokens:write', 'policies:write']),
};

export function allows(role: Role, permission: Permission): boolean {
  return permissions[role].has(permission);
}

/** Roles that hold a permission, for the message of a refusal. */
export function rolesWith(permission: Permission): Role[] {
  return roles.filter((role) => allows(role, permission));
}

/** Everything a role may do, for the console to show only what can be done. */
export function permissionsOf(role: Role): Permission[] {
  return [...permissions[role]];
}
