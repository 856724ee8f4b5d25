import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const folder = 'handlers/console';
const files = readdirSync(folder);

it.each(files)('%s has neither inline scripts and styles nor attributes of htmx that are scripts', (file) => {
  const source = readFileSync(join(folder, file), 'utf8');
  expect(source.match(/hx-on\b|hx-vals|\bjs:|javascript:|\son\w+="|\sstyle="|<style|<script>/g)).toBeNull();
  // A filter such as `click[ctrlKey]` is evaluated.
  expect(source.match(/hx-trigger="[^"]*\[/)).toBeNull();
});
