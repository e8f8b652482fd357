import { Select } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { graphql } from '../graphql/graphql.js';
import { useRead } from '../graphql/use-read.js';

const tenantNamesQuery = graphql(`
  query TenantNames($search: String) {
    tenants(first: 50, search: $search) {
      edges {
        node {
          id
          slug
          name
        }
      }
    }
  }
`);

interface TenantSelectProps {
  value: string | undefined;
  onChange: (slug: string | undefined) => void;
  label?: string;
  /** Read by screen readers alone. */
  hideLabel?: boolean;
  width?: number;
  /** As the other fields of a dialog have it. */
  size?: 'sm';
}

/** A tenant by name or slug; the control plane searches, so it stays quick with thousands of them. */
export function TenantSelect({
  value,
  onChange,
  label = 'Tenant',
  hideLabel,
  width,
  size,
}: TenantSelectProps) {
  const [search, setSearch] = useState('');
  const [settled] = useDebouncedValue(search.trim(), 150);
  const { data } = useRead(tenantNamesQuery, { search: settled || null });
  const options = (data?.tenants.edges ?? []).map(({ node }) => ({ value: node.slug, label: node.name }));
  if (value && !options.some((option) => option.value === value)) options.unshift({ value, label: value });
  return (
    <Select
      {...(hideLabel ? { 'aria-label': label } : { label })}
      placeholder={hideLabel ? label : 'Name or slug'}
      searchable
      clearable
      {...(size ? { size } : {})}
      w={width}
      data={options}
      value={value ?? null}
      // The chosen tenant's name appears in the field; searching for it would hide the others.
      onSearchChange={(text) => setSearch(options.some((option) => option.label === text) ? '' : text)}
      filter={({ options: all }) => all}
      nothingFoundMessage="No tenant has this name"
      onChange={(slug) => onChange(slug ?? undefined)}
    />
  );
}
