import { describe, expect, test } from 'vitest';
import { shownLog } from '../../../lib/runtime-manager/domain/shown-log.ts';

const whole = (text: string) => ({ text, cut: false });
const cut = (text: string) => ({ text, cut: true });

describe('the log of an engine as operators see it', () => {
  test('names the variables of operators instead of their values, the longer ones first', () => {
    const variables = { GALAXY_ENGINE_A: 'secret', GALAXY_ENGINE_B: 'secret-and-more' };
    expect(shownLog(whole('x secret-and-more secret y\n'), variables)).toBe(
      'x [GALAXY_ENGINE_B] [GALAXY_ENGINE_A] y\n',
    );
  });

  test('keeps values that are too short to be secrets', () => {
    expect(shownLog(whole('turn 7 of 70'), { GALAXY_ENGINE_TURNS: '7' })).toBe('turn 7 of 70');
  });

  test('loses its first line when it was cut, and all of it when that is its only one', () => {
    expect(shownLog(cut('ecret\nnext\nlast'), { GALAXY_ENGINE_A: 'secret' })).toBe('next\nlast');
    expect(shownLog(cut('ecret and no end of a line'), {})).toBe('');
    expect(shownLog(cut('ecret\n'), {})).toBe('');
  });
});
