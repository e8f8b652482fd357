/** Three decks, one above the other: the isolation tiers. */
export function Logo({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#0b6673" />
      <path d="M16 6.5 26 11l-10 4.5L6 11z" fill="#fff" />
      <g fill="none" stroke="#fff" strokeWidth="2.2" strokeLinejoin="round" strokeLinecap="round">
        <path d="m6 16 10 4.5L26 16" opacity=".8" />
        <path d="m6 21 10 4.5L26 21" opacity=".5" />
      </g>
    </svg>
  );
}
