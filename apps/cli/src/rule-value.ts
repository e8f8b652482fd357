/** What a flag is for somebody. */
export interface Summary {
  enabled: boolean;
  variant: string | null;
}

/** As people say it: `on`, `off`, or the variant. */
export function summary({ enabled, variant }: Summary): string {
  return variant ?? (enabled ? 'on' : 'off');
}

/** The other way round. */
export function decided(value: string): { enabled: boolean; variant?: string } {
  if (value === 'on') return { enabled: true };
  if (value === 'off') return { enabled: false };
  return { enabled: true, variant: value };
}
