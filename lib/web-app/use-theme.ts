import { useEffect, useState } from 'preact/hooks';

const dark = matchMedia('(prefers-color-scheme: dark)');

/** As the person has set their system. */
export function useTheme(): 'light' | 'dark' {
  const [theme, setTheme] = useState(current);
  useEffect(() => {
    const changed = () => setTheme(current());
    dark.addEventListener('change', changed);
    return () => dark.removeEventListener('change', changed);
  }, []);
  return theme;
}

function current(): 'light' | 'dark' {
  return dark.matches ? 'dark' : 'light';
}
