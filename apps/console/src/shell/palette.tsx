import { Spotlight, type SpotlightActionGroupData } from '@mantine/spotlight';
import { IconBuildingWarehouse, IconFlag3, IconPlus, IconSearch, IconStack2 } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useMantineColorScheme } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState, type KeyboardEvent } from 'react';
import { tenantStatusTitle } from '../components/badges.js';
import { useRead } from '../graphql/use-read.js';
import { useSession } from '../session/session.js';
import { paletteQuery } from './palette.query.js';
import { useEnvironment, useEnvironments } from './environment.js';
import { pages } from './navigation.js';

/** ⌘K: every tenant, flag, release and page, and the actions that need no page. */
export function Palette({ onShortcuts }: { onShortcuts: () => void }) {
  const [search, setSearch] = useState('');
  const [opened, setOpened] = useState(false);
  const [settled] = useDebouncedValue(search.trim(), 120);
  const { data } = useRead(paletteQuery, { search: settled || null }, { pause: !opened });
  const navigate = useNavigate();
  const { signOut } = useSession();
  const [environment, setEnvironment] = useEnvironment();
  const { setColorScheme } = useMantineColorScheme();
  const others = useEnvironments().filter(({ name }) => name !== environment);
  const icon = { size: 17, stroke: 1.6 };

  const groups: SpotlightActionGroupData[] = [
    {
      group: 'Tenants',
      actions: (data?.tenants.edges ?? []).map(({ node }) => ({
        id: `tenant-${node.slug}`,
        label: node.name,
        description: `${node.slug} · ${node.tier.toLowerCase()} · ${tenantStatusTitle(node.status, node.suspension).toLowerCase()}`,
        leftSection: <IconBuildingWarehouse {...icon} />,
        onClick: () => void navigate({ to: '/tenants/$slug', params: { slug: node.slug } }),
      })),
    },
    {
      group: 'Flags',
      actions: (data?.flags.edges ?? []).map(({ node }) => ({
        id: `flag-${node.key}`,
        label: node.key,
        description: node.description,
        leftSection: <IconFlag3 {...icon} />,
        onClick: () => void navigate({ to: '/flags/$key', params: { key: node.key } }),
      })),
    },
    {
      group: 'Releases',
      actions: (data?.releases.edges ?? []).map(({ node }) => ({
        id: `release-${node.id}`,
        label: node.name,
        description: `${node.status.toLowerCase()} · ${node.environment}`,
        leftSection: <IconStack2 {...icon} />,
        onClick: () => void navigate({ to: '/releases/$id', params: { id: node.id } }),
      })),
    },
    {
      group: 'Go to',
      actions: pages.map((page) => ({
        id: `page-${page.to}`,
        label: page.label,
        leftSection: <page.icon {...icon} />,
        onClick: () => void navigate({ to: page.to }),
      })),
    },
    {
      group: 'Do',
      actions: [
        {
          id: 'onboard',
          label: 'Onboard a tenant',
          leftSection: <IconPlus {...icon} />,
          onClick: () => void navigate({ to: '/onboard' }),
        },
        {
          id: 'new-release',
          label: 'Plan a release',
          leftSection: <IconPlus {...icon} />,
          onClick: () => void navigate({ to: '/releases/new' }),
        },
        ...others.map(({ name }) => ({
          id: `environment-${name}`,
          label: `Switch to ${name}`,
          onClick: () => setEnvironment(name),
        })),
        { id: 'dark', label: 'Dark colours', onClick: () => setColorScheme('dark') },
        { id: 'light', label: 'Light colours', onClick: () => setColorScheme('light') },
        { id: 'system', label: 'Colours of the system', onClick: () => setColorScheme('auto') },
        { id: 'shortcuts', label: 'Keyboard shortcuts', onClick: onShortcuts },
        { id: 'sign-out', label: 'Sign out', onClick: signOut },
      ],
    },
  ];

  return (
    <Spotlight
      actions={groups}
      query={search}
      onQueryChange={setSearch}
      onSpotlightOpen={() => setOpened(true)}
      onSpotlightClose={() => setOpened(false)}
      shortcut={['mod + K']}
      highlightQuery
      yOffset="12vh"
      overlayProps={{ backgroundOpacity: 0.4, blur: 1 }}
      scrollable
      maxHeight={420}
      size={560}
      nothingFound="Nothing has this name. Tenants are found by slug and name, flags by key."
      searchProps={{
        leftSection: <IconSearch size={17} stroke={1.6} />,
        placeholder: 'Tenant, flag, release or action',
        'aria-label': 'Palette search',
        onKeyDown: takeFirst,
      }}
    />
  );
}

/** Spotlight marks the first entry when one types, not when answers of the server come after that. */
function takeFirst({ key, currentTarget }: KeyboardEvent<HTMLInputElement>) {
  if (key !== 'Enter') return;
  const dialog = currentTarget.closest('[role="dialog"]');
  if (dialog?.querySelector('[data-selected]')) return;
  dialog?.querySelector<HTMLElement>('[data-action]')?.click();
}
