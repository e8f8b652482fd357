import { Select } from '@mantine/core';
import { useState } from 'react';
import { sentence } from '../components/format.js';
import { graphql } from '../graphql/graphql.js';
import { useRead } from '../graphql/use-read.js';

const unitNamesQuery = graphql(`
  query UnitNames($slug: String!, $kind: UnitKind!) {
    tenant(slug: $slug) {
      id
      units(kind: $kind, first: 500) {
        edges {
          node {
            code
            name
          }
        }
        totalCount
      }
    }
  }
`);

interface UnitSelectProps {
  tenant: string | undefined;
  kind: 'BRANCH' | 'WAREHOUSE' | 'ACCOUNT';
  value: string | undefined;
  onChange: (code: string | undefined) => void;
  /** As the other fields of a dialog have it. */
  size?: 'sm';
}

/** A branch, warehouse or account of a tenant. A code beyond the first five hundred can be typed. */
export function UnitSelect({ tenant, kind, value, onChange, size }: UnitSelectProps) {
  const [search, setSearch] = useState('');
  const { data } = useRead(unitNamesQuery, { slug: tenant ?? '', kind }, { pause: !tenant });
  const units = data?.tenant?.units;
  const options = (units?.edges ?? []).map(({ node }) => ({
    value: node.code,
    label: node.name === node.code ? node.code : `${node.name} (${node.code})`,
  }));
  if (value && !options.some((option) => option.value === value)) options.unshift({ value, label: value });
  const typed = search.trim();
  const known = options.some(({ value: code, label }) => code === typed || label === typed);
  if (typed && !known && units && units.totalCount > units.edges.length) {
    options.push({ value: typed, label: `Code ${typed}` });
  }
  return (
    <Select
      label={sentence(kind)}
      placeholder={tenant ? 'Name or code' : 'Choose the tenant first'}
      disabled={!tenant}
      searchable
      clearable
      {...(size ? { size } : {})}
      limit={80}
      data={options}
      value={value ?? null}
      onSearchChange={setSearch}
      nothingFoundMessage={`No ${kind.toLowerCase()} has this name`}
      onChange={(code) => onChange(code ?? undefined)}
    />
  );
}
