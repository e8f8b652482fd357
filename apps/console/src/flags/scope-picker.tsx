import { Select, Stack, TextInput } from '@mantine/core';
import { useEffect, useState } from 'react';
import { sentence } from '../components/format.js';
import { tiers } from '../statuses.js';
import { TenantSelect } from '../tenants/tenant-select.js';
import { UnitSelect } from '../tenants/unit-select.js';
import type { Scope, ScopeKind } from './flags.query.js';
import { isUnitScope, scopeKinds, tenantOf } from './scope.js';

interface ScopePickerProps {
  kind: ScopeKind;
  scope: Scope | undefined;
  onScope: (scope: Scope | undefined) => void;
}

interface ScopeFieldsProps {
  environment: string;
  scope: Scope | undefined;
  onScope: (scope: Scope | undefined) => void;
}

/** Which kind of scope, then which one. */
export function ScopeFields({ environment, scope, onScope }: ScopeFieldsProps) {
  const [kind, setKind] = useState<ScopeKind>(scope?.kind ?? 'TENANT');
  const given = scope?.kind;
  useEffect(() => {
    if (given) setKind(given);
  }, [given]);
  return (
    <>
      <Select
        label="Scope"
        allowDeselect={false}
        data={scopeKinds.map((one) => ({
          value: one,
          label: one === 'ENVIRONMENT' ? `All of ${environment}` : sentence(one),
        }))}
        value={kind}
        onChange={(next) => {
          const found = scopeKinds.find((one) => one === next) ?? 'TENANT';
          setKind(found);
          onScope(found === 'ENVIRONMENT' ? { kind: found, key: '*' } : undefined);
        }}
      />
      <ScopePicker kind={kind} scope={scope?.kind === kind ? scope : undefined} onScope={onScope} />
    </>
  );
}

/** The fields that name one scope of a kind. */
function ScopePicker({ kind, scope, onScope }: ScopePickerProps) {
  const [tenant, setTenant] = useState(scope && tenantOf(scope));
  const scopeTenant = scope && tenantOf(scope);
  useEffect(() => {
    if (scopeTenant) setTenant(scopeTenant);
  }, [scopeTenant]);
  const choose = (key: string | undefined) => onScope(key ? { kind, key } : undefined);

  if (kind === 'ENVIRONMENT') return null;
  if (kind === 'TIER') {
    return (
      <Select
        label="Tier"
        placeholder="Choose"
        data={tiers.map((tier) => ({ value: tier, label: sentence(tier) }))}
        value={scope?.key ?? null}
        onChange={(key) => choose(key ?? undefined)}
      />
    );
  }
  if (kind === 'REGION' || kind === 'USER') {
    return (
      <TextInput
        key={scope?.key ?? ''}
        label={sentence(kind)}
        placeholder={kind === 'REGION' ? 'eu' : 'User id'}
        defaultValue={scope?.key ?? ''}
        onBlur={(event) => choose(event.currentTarget.value.trim() || undefined)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter') return;
          event.preventDefault();
          event.currentTarget.blur();
        }}
      />
    );
  }
  if (kind === 'TENANT') return <TenantSelect value={scope?.key} onChange={choose} />;
  return (
    <Stack gap="sm">
      <TenantSelect
        value={tenant}
        onChange={(slug) => {
          setTenant(slug);
          onScope(undefined);
        }}
      />
      {isUnitScope(kind) && (
        <UnitSelect
          tenant={tenant}
          kind={kind}
          value={scope?.key.split('/').slice(1).join('/')}
          onChange={(code) => choose(code && tenant ? `${tenant}/${code}` : undefined)}
        />
      )}
    </Stack>
  );
}
