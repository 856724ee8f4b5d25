// Which page is shown: it is in the fragment of the address, which never leaves the browser.
import { useEffect, useState } from 'preact/hooks';

export type Route =
  | { readonly page: 'mine' | 'find' | 'create' | 'names' | 'account' }
  | { readonly page: 'game'; readonly gameId: string }
  | { readonly page: 'invite'; readonly code: string };

export function useRoute(): Route {
  const [route, setRoute] = useState(() => routeOf(location.hash));
  useEffect(() => {
    const changed = () => {
      setRoute(routeOf(location.hash));
      scrollTo(0, 0);
    };
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return route;
}

export function routeOf(fragment: string): Route {
  const [first = '', second = ''] = fragment.replace(/^#\/?/, '').split('/').map(decoded);
  if (first === 'games' && second !== '') return { page: 'game', gameId: second };
  if (first === 'invite' && second !== '') return { page: 'invite', code: second };
  const simple = (['find', 'create', 'names', 'account'] as const).find((page) => page === first);
  return { page: simple ?? 'mine' };
}

export function addressOf(route: Route): string {
  if (route.page === 'game') return `#/games/${encodeURIComponent(route.gameId)}`;
  if (route.page === 'invite') return `#/invite/${encodeURIComponent(route.code)}`;
  return route.page === 'mine' ? '#/' : `#/${route.page}`;
}

export function goTo(route: Route): void {
  location.hash = addressOf(route);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}
