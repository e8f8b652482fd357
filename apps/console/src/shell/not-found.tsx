import { Button } from '@mantine/core';
import { IconMapOff } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { EmptyState } from '../components/states.js';

export function NotFound() {
  return (
    <EmptyState
      icon={IconMapOff}
      title="There is no such page"
      action={
        <Button component={Link} to="/tenants" variant="default">
          Go to tenants
        </Button>
      }
    >
      The address may be mistyped. ⌘K finds every tenant, flag and release by name.
    </EmptyState>
  );
}
