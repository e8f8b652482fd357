import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { pages } from './navigation.js';

const sequenceMilliseconds = 1_200;

function typing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))
  );
}

/** `g` and a page's key, `/` for the page's search, `?` for the sheet; none of them while typing or in a dialog. */
export function useShortcuts(onSheet: () => void): void {
  const navigate = useNavigate();
  useEffect(() => {
    let goUntil = 0;
    const listen = (event: KeyboardEvent) => {
      if (event.metaKey || event.ctrlKey || event.altKey || typing(event.target)) return;
      if (document.querySelector('[role="dialog"]')) return;
      if (Date.now() < goUntil) {
        goUntil = 0;
        const page = pages.find(({ key }) => key === event.key);
        if (page) {
          event.preventDefault();
          void navigate({ to: page.to });
        }
        return;
      }
      if (event.key === 'g') goUntil = Date.now() + sequenceMilliseconds;
      if (event.key === '?') onSheet();
      if (event.key === '/') {
        const search = document.querySelector<HTMLInputElement>('[data-page-search]');
        if (!search) return;
        event.preventDefault();
        search.focus();
        search.select();
      }
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, [navigate, onSheet]);
}
