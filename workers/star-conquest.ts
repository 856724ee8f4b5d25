// The engine of one game of star conquest, as the Runtime Manager starts it; the rules are in lib/star-conquest.
import { serveEngine } from '../lib/engine-kit/serve-engine.ts';
import { rules } from '../lib/star-conquest/rules.ts';

if (import.meta.main) await serveEngine(rules);
