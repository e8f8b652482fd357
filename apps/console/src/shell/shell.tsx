import { ActionIcon, Kbd, Menu, Text, Tooltip, UnstyledButton } from '@mantine/core';
import { spotlight } from '@mantine/spotlight';
import { IconKeyboard, IconLogout, IconSearch } from '@tabler/icons-react';
import { Link, Outlet } from '@tanstack/react-router';
import { useState } from 'react';
import { useSession } from '../session/session.js';
import { ColourSchemeToggle } from './colour-scheme-toggle.js';
import { EnvironmentSwitch } from './environment-switch.js';
import { useEnvironment, useIsProduction } from './environment.js';
import { LiveDot } from './live-dot.js';
import { Logo } from './logo.js';
import { navigation } from './navigation.js';
import { Palette } from './palette.js';
import styles from './shell.module.css';
import { ShortcutSheet } from './shortcut-sheet.js';
import { useShortcuts } from './use-shortcuts.js';

/** The frame around every page: navigation, environment, palette, shortcuts. */
export function Shell() {
  const [environment] = useEnvironment();
  const production = useIsProduction(environment);
  const [sheet, setSheet] = useState(false);
  useShortcuts(() => setSheet(true));
  return (
    <div className={styles['shell']} data-environment={production ? 'production' : 'staging'}>
      <a className={styles['skip']} href="#main">
        Skip to content
      </a>
      <aside className={styles['side']}>
        <Link to="/tenants" className={styles['brand']} aria-label="Tierdeck">
          <Logo size={26} />
          <span className={styles['brandName']}>Tierdeck</span>
        </Link>
        <nav className={styles['nav']} aria-label="Main">
          {navigation.map((group) => (
            <div key={group.title} className={styles['group']}>
              <div className={styles['groupTitle']}>{group.title}</div>
              {group.pages.map((page) => (
                <Tooltip
                  key={page.to}
                  label={`${page.label} — g ${page.key}`}
                  position="right"
                  openDelay={500}
                >
                  <Link to={page.to} className={styles['link']} activeProps={{ 'data-active': true }}>
                    <page.icon size={17} stroke={1.7} aria-hidden="true" />
                    <span className={styles['linkLabel']}>{page.label}</span>
                  </Link>
                </Tooltip>
              ))}
            </div>
          ))}
        </nav>
        <div className={styles['foot']}>
          <LiveDot />
          <div className={styles['footActions']}>
            <Tooltip label="Keyboard shortcuts (?)">
              <ActionIcon aria-label="Keyboard shortcuts" onClick={() => setSheet(true)}>
                <IconKeyboard size={17} stroke={1.6} />
              </ActionIcon>
            </Tooltip>
            <ColourSchemeToggle />
          </div>
        </div>
      </aside>
      <header className={styles['top']}>
        <UnstyledButton className={styles['search'] ?? ''} onClick={() => spotlight.open()}>
          <IconSearch size={15} stroke={1.7} aria-hidden="true" />
          <span>Go to a tenant, flag, release …</span>
          <Kbd>⌘K</Kbd>
        </UnstyledButton>
        <EnvironmentSwitch />
        <UserMenu />
      </header>
      <main id="main" className={styles['main']} tabIndex={-1}>
        <Outlet />
      </main>
      <Palette onShortcuts={() => setSheet(true)} />
      <ShortcutSheet opened={sheet} onClose={() => setSheet(false)} />
    </div>
  );
}

function UserMenu() {
  const { viewer, signOut } = useSession();
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <UnstyledButton className={styles['user'] ?? ''} aria-label={`Signed in as ${viewer.name}`}>
          <span className={styles['avatar']} aria-hidden="true">
            {viewer.name.slice(0, 1).toUpperCase()}
          </span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text size="sm" c="var(--td-text)" fw={550}>
            {viewer.name}
          </Text>
          <Text size="xs" c="dimmed">
            Role: {viewer.role}
          </Text>
        </Menu.Label>
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={15} />} onClick={signOut}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
