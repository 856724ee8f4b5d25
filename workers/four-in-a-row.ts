// The engine of one game of four in a row, as the Runtime Manager starts it; the rules are in lib/four-in-a-row.
import { serveEngine } from '../lib/engine-kit/serve-engine.ts';
import { rules } from '../lib/four-in-a-row/rules.ts';

if (import.meta.main) await serveEngine(rules);
